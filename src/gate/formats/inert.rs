//! Output that no CI system takes a command from.
//!
//! GitHub's runner takes `::name …::` at the start of a line, white space aside, and `##[name …]` anywhere in a line;
//! the agent of Azure Pipelines takes `##vso[…]` anywhere in a line; TeamCity takes `##teamcity[…]`. The first two look
//! for these marks in a way that overlooks some characters between them, so every character outside ASCII is overlooked
//! here.

/// What stands for the two characters that begin a command.
pub(super) struct Stand {
    bracket: &'static str,
    colon: &'static str,
}

/// In text for people: as hidden characters are shown.
pub(super) const TEXT: Stand = Stand { bracket: "\u{2039}U+005B\u{203a}", colon: "\u{2039}U+003A\u{203a}" };
/// In JSON: an escape that means the same. A line of JSON never begins with a colon.
pub(super) const JSON: Stand = Stand { bracket: "\\u005b", colon: ":" };
/// In XML: a reference that means the same.
pub(super) const XML: Stand = Stand { bracket: "&#91;", colon: "&#58;" };

/// The same text, in which no line can be taken for a command.
pub(super) fn inert(text: &str, stand: &Stand) -> String {
    let mut safe = String::with_capacity(text.len());
    for line in text.split_inclusive(['\n', '\r']) {
        if begins_command(line) {
            let (before, after) = line.split_once(':').unwrap_or((line, ""));
            safe.push_str(before);
            safe.push_str(stand.colon);
            without_brackets(after, stand, &mut safe);
        } else {
            without_brackets(line, stand, &mut safe);
        }
    }
    safe
}

fn begins_command(line: &str) -> bool {
    let mut characters = line.chars().filter(char::is_ascii).skip_while(|c| c.is_ascii_whitespace() || c.is_ascii_control());
    characters.next() == Some(':') && characters.next() == Some(':')
}

/// Copies a line; a bracket after `##` or `##word` is replaced.
fn without_brackets(line: &str, stand: &Stand, safe: &mut String) {
    if !line.contains('#') {
        safe.push_str(line);
        return;
    }
    let mut hashes = 0;
    let mut in_word = false;
    for character in line.chars() {
        match character {
            '#' if in_word => (hashes, in_word) = (1, false),
            '#' => hashes += 1,
            letter if letter.is_ascii_alphabetic() && hashes >= 2 => in_word = true,
            '[' if hashes >= 2 => {
                safe.push_str(stand.bracket);
                (hashes, in_word) = (0, false);
                continue;
            }
            other if other.is_ascii() => (hashes, in_word) = (0, false),
            _ => {}
        }
        safe.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_every_known_kind_are_broken() {
        let text = |text| inert(text, &TEXT);
        assert_eq!(text("##[add-mask]e"), "##‹U+005B›add-mask]e");
        assert_eq!(text("a ##vso[task.complete]"), "a ##vso‹U+005B›task.complete]");
        assert_eq!(text("##teamcity[x"), "##teamcity‹U+005B›x");
        assert_eq!(text("###[error]"), "###‹U+005B›error]");
        assert_eq!(text("#\u{fe0f}#\u{34f}[error]"), "#\u{fe0f}#\u{34f}‹U+005B›error]");
        assert_eq!(text("::set-output name=a::b"), "‹U+003A›:set-output name=a::b");
        assert_eq!(text("x\n \t\u{a0}::error::b\r::c::"), "x\n \t\u{a0}‹U+003A›:error::b\r‹U+003A›:c::");
        assert_eq!(inert("<a>\n::b::##[c]", &XML), "<a>\n&#58;:b::##&#91;c]");
        assert_eq!(inert("[\"##[a]\"]", &JSON), "[\"##\\u005ba]\"]");
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for text in ["", "# [a](b)", "a::b::c", "#1 [x] ## a[b]", "##x #[", "é: [x]", "a\n\n"] {
            assert_eq!(inert(text, &TEXT), text);
        }
    }
}
