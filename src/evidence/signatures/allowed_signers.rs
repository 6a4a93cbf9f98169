//! An allowed-signers file of OpenSSH, read to tell when a key is valid; ssh-keygen itself decides what is accepted.
//!
//! Format: `ALLOWED SIGNERS` in ssh-keygen(1). Days and times are taken as UTC, as the run of ssh-keygen here takes them.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};

use super::Validity;
use crate::repository::{from_base64, ssh_fingerprint};

/// Keys by fingerprint, each with when its lines say that it is valid.
pub(super) type Signers = BTreeMap<String, Vec<Validity>>;

/// Reads the lines of a file.
///
/// # Errors
///
/// Names the first line that is not understood.
pub(super) fn read(text: &str) -> Result<Signers, String> {
    let mut signers = Signers::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (fingerprint, validity) = entry(line).map_err(|problem| format!("line {number}: {problem}"))?;
        signers.entry(fingerprint).or_default().push(validity);
    }
    Ok(signers)
}

fn entry(line: &str) -> Result<(String, Validity), String> {
    let (_principals, rest) = word(line);
    let (second, after) = word(rest);
    let (options, kind, rest) = if is_key_kind(second) {
        ("", second, after)
    } else {
        let (kind, rest) = word(after);
        (second, kind, rest)
    };
    if !is_key_kind(kind) {
        return Err("there is no public key; it is written as: name@example.com ssh-ed25519 AAAA\u{2026}".into());
    }
    let key = from_base64(word(rest).0.as_bytes());
    let names_its_kind = key.get(4..).is_some_and(|rest| rest.starts_with(kind.as_bytes()));
    if !names_its_kind {
        return Err(format!("the key is no {kind} key"));
    }
    Ok((ssh_fingerprint(&key), validity(options)?))
}

fn is_key_kind(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| word.starts_with(start))
}

/// The text up to the first blank outside of quotation marks, and what follows.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let mut quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && c.is_whitespace()
    });
    text.split_at_checked(end.map_or(text.len(), |(at, _)| at)).unwrap_or((text, ""))
}

fn validity(options: &str) -> Result<Validity, String> {
    let mut validity = Validity::default();
    for option in split_outside_quotes(options) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "valid-after" => validity.from = Some(moment(value)?),
            "valid-before" => validity.until = Some(moment(value)?),
            "" | "cert-authority" | "namespaces" => {}
            other => return Err(format!("the option `{other}` is not known")),
        }
    }
    Ok(validity)
}

fn split_outside_quotes(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        !quoted && c == ','
    })
}

/// `20260131`, `202601312359` or `20260131235900`, each with or without a `Z`.
fn moment(written: &str) -> Result<i64, String> {
    let digits = written.trim_end_matches(['Z', 'z']);
    let day = || NaiveDate::parse_from_str(digits, "%Y%m%d").ok()?.and_hms_opt(0, 0, 0);
    let time = |format| NaiveDateTime::parse_from_str(digits, format).ok();
    let found = match digits.len() {
        8 => day(),
        12 => time("%Y%m%d%H%M"),
        14 => time("%Y%m%d%H%M%S"),
        _ => None,
    };
    found.map(|moment| moment.and_utc().timestamp()).ok_or_else(|| format!("`{written}` is no day or time such as 20260131"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF9uGfiLTMGjlSkb+kEgxtt+uPEMJelJVCtz53WL5+4E";

    #[test]
    fn options_and_quotation_marks_are_read_as_ssh_keygen_reads_them() {
        let text = format!(
            "# comment\n\na@x {KEY} note\n\"a b\",c@x namespaces=\"git,file\",valid-after=\"20260101\",valid-before=\"202606011200Z\" {KEY}\n"
        );
        let signers = read(&text).unwrap();
        assert_eq!(signers.len(), 1);
        let found: Vec<(Option<i64>, Option<i64>)> =
            signers.into_values().next().unwrap().iter().map(|validity| (validity.from, validity.until)).collect();
        assert_eq!(found, [(None, None), (Some(1_767_225_600), Some(1_780_315_200))]);
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        assert!(read("a@x ssh-ed25519 QUJD").unwrap_err().starts_with("line 1: the key is no ssh-ed25519"));
        assert!(read(&format!("\na@x valid-before=\"soon\" {KEY}")).unwrap_err().starts_with("line 2: `soon`"));
        assert!(read(&format!("a@x {}", KEY.replace("ssh-ed25519 ", ""))).is_err());
        assert!(read(&format!("a@x trusted {KEY}")).unwrap_err().contains("trusted"));
    }
}
