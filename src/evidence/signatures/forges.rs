//! Keys that forges sign with: such a signature proves that the forge made the commit, not who approved it.

/// Keys that forges have published, by fingerprint.
const PUBLISHED: &[(&str, &str)] = &[
    // https://github.com/web-flow.gpg, until January 2024
    ("5DE3E0509C47EA3CF04A42D34AEE18F83AFDEB23", "GitHub web-flow"),
    // https://github.com/web-flow.gpg, since then
    ("968479A1AFF927E37D1A566BB5690EEEBB952194", "GitHub web-flow"),
];

/// A key id has the last digits of the fingerprint.
const KEY_ID_DIGITS: usize = 16;

/// The forge that signs with a key, by the key's fingerprint, or the key id where a signature names no more.
///
/// `named` are the keys that the settings name as keys of a forge; all are written as [`plain_key`] writes them.
#[must_use]
pub fn forge_of(key: &str, named: &[String]) -> Option<&'static str> {
    let published = PUBLISHED.iter().find(|(fingerprint, _)| is_same_key(key, fingerprint)).map(|(_, forge)| *forge);
    let by_settings = || named.iter().any(|fingerprint| is_same_key(key, fingerprint)).then_some("a forge, by the settings");
    published.or_else(by_settings)
}

/// A fingerprint in the form in which signatures name it. Blanks and colons in one of OpenPGP are for people.
#[must_use]
pub fn plain_key(written: &str) -> String {
    let written = written.trim();
    if written.starts_with("SHA256:") {
        return written.to_owned();
    }
    let plain = written.strip_prefix("0x").unwrap_or(written).chars().filter(|c| !c.is_whitespace() && *c != ':');
    plain.collect::<String>().to_uppercase()
}

/// Whether a key, or the id of a key, is the one that a fingerprint names.
fn is_same_key(key: &str, fingerprint: &str) -> bool {
    let is_key_id = key.len() == KEY_ID_DIGITS && !fingerprint.starts_with("SHA256:");
    key == fingerprint || is_key_id && fingerprint.len() > KEY_ID_DIGITS && fingerprint.ends_with(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forge_key_is_known_by_fingerprint_and_by_key_id() {
        assert_eq!(forge_of("968479A1AFF927E37D1A566BB5690EEEBB952194", &[]), Some("GitHub web-flow"));
        assert_eq!(forge_of("4AEE18F83AFDEB23", &[]), Some("GitHub web-flow"));
        assert_eq!(forge_of("EB23", &[]), None);
        assert_eq!(forge_of("4AEE18F83AFDEB24", &[]), None);
        let named = ["SHA256:abc", "aaaa BBBB CCCC DDDD EEEE  FFFF 0000 1111 2222 3333"].map(plain_key);
        assert_eq!(forge_of("SHA256:abc", &named), Some("a forge, by the settings"));
        assert_eq!(forge_of("AAAABBBBCCCCDDDDEEEEFFFF0000111122223333", &named), Some("a forge, by the settings"));
        assert_eq!(forge_of("SHA256:ABC", &named), None);
    }
}
