//! What a scalar without quotes means: the rules of go-yaml v2, through which kubectl reads YAML.

use super::Value;

/// Reads a scalar without quotes and without a tag.
///
/// The order of the rules is that of `resolve.go`: words, then whole numbers in the notations of Go, then decimal
/// numbers. Dates stay text, infinity and not-a-number too, since JSON has no word for them.
pub(super) fn plain(text: &str) -> Value {
    let Some(first) = text.as_bytes().first() else { return Value::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => decimal(text),
        b'+' | b'-' | b'0'..=b'9' => number(text),
        _ => None,
    }
    .unwrap_or_else(|| Value::Text(text.into()))
}

fn word(text: &str) -> Option<Value> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(Value::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(Value::Bool(false)),
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'-')) {
        return None;
    }
    let digits = text.replace('_', "");
    whole(&digits).map(|number| Value::Number(number.to_string().into())).or_else(|| decimal(&digits))
}

/// A whole number as Go's `ParseInt` reads it without a base, in the range of 64 bits with or without a sign.
fn whole(text: &str) -> Option<i128> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (base, digits) = base_of(digits);
    if !digits.as_bytes().first()?.is_ascii_alphanumeric() {
        return None;
    }
    let size = i128::from(u64::from_str_radix(digits, base).ok()?);
    let number = if is_negative { -size } else { size };
    let most = if text.starts_with('+') { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (i128::from(i64::MIN)..=most).contains(&number).then_some(number)
}

fn base_of(digits: &str) -> (u32, &str) {
    let after = |prefix: &str| digits.get(..2).filter(|start| start.eq_ignore_ascii_case(prefix)).and_then(|_| digits.get(2..));
    if let Some(rest) = after("0x") {
        (16, rest)
    } else if let Some(rest) = after("0o") {
        (8, rest)
    } else if let Some(rest) = after("0b") {
        (2, rest)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, digits.get(1..).unwrap_or(""))
    } else {
        (10, digits)
    }
}

/// A decimal number: digits with at most one point, then an exponent.
fn decimal(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_decimal = unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let starts_well = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if !is_decimal || !starts_well {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then(|| Value::Number(shortest(number).into()))
}

/// The same text for the same number, as JSON writes it: `1.0` and `1` are one.
fn shortest(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if (1e-6..1e21).contains(&number.abs()) { number.to_string() } else { format!("{number:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match plain(text) {
            Value::Null => "null".to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => number.into(),
            Value::Text(text) => format!("'{text}'"),
            Value::List(_) | Value::Map(_) | Value::Secret(_) => "?".to_owned(),
        }
    }

    #[test]
    fn words_are_those_of_go_yaml() {
        for text in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            assert_eq!(shown(text), "true", "{text}");
        }
        for text in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            assert_eq!(shown(text), "false", "{text}");
        }
        for text in ["~", "null", "Null", "NULL", ""] {
            assert_eq!(shown(text), "null", "{text}");
        }
        for text in ["yEs", "tRUE", "nULL", "oN", "None", "=", "<<", "{{ x }}", "~x", "é", "-", "+", ".", "...", "1.2.3", "v1"] {
            assert_eq!(shown(text), format!("'{text}'"));
        }
    }

    #[test]
    fn numbers_are_those_of_go_yaml() {
        let table = "0644=420 0o644=420 0x1F=31 0X1f=31 0b101=5 -0b101=-5 1_000=1000 +12=12 -0=0 08=8 0x_0A_74_AE=685230 02472256=685230 \
                     685_230.15=685230.15 9223372036854775807=9223372036854775807 18446744073709551615=18446744073709551615 \
                     -9223372036854775808=-9223372036854775808 18446744073709551616=18446744073709552000 1.0=1 1.50=1.5 1e3=1000 1.=1 \
                     .5=0.5 -.5=-0.5 1E-7=1e-7 1e21=1e21 0.0=0 -0.0=0 12e03=12000";
        for (text, number) in table.split_whitespace().filter_map(|row| row.split_once('=')) {
            assert_eq!(shown(text), number, "{text}");
        }
    }

    #[test]
    fn dates_quantities_and_what_json_cannot_write_stay_text() {
        let texts = "2001-01-01 2001-12-14T21:59:43Z 190:20:30 1.2.3.4 10Mi 100m 0x 0b2 0o9 .inf -.inf +.inf .nan 1e999 1e --1 +-1 0x-1 0x1p4 ١ 12e \
                     0xFFFFFFFFFFFFFFFFFF 1e5x infinity";
        for text in texts.split_whitespace().chain(["1 2", "1\n2"]) {
            assert_eq!(shown(text), format!("'{text}'"));
        }
    }
}
