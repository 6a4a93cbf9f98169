//! `.mailmap` as git reads it: spellings that the repository itself says are one person.

use std::collections::BTreeMap;

use crate::text::Person;

/// Spellings and what they stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailmap {
    by_mail: BTreeMap<String, Entry>,
}

/// What an address stands for, whatever the name beside it, and by names beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    whatever_name: Proper,
    by_name: BTreeMap<String, Proper>,
}

/// The name and address to use; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Proper {
    name: Option<String>,
    mail: Option<String>,
}

impl Mailmap {
    /// Reads a file; lines that git passes over are passed over.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut map = Self::default();
        for line in String::from_utf8_lossy(bytes).lines().filter(|line| !line.starts_with('#')) {
            let Some((name, mail, rest)) = name_and_mail(line).filter(|(_, mail, _)| !mail.is_empty()) else { continue };
            match name_and_mail(rest) {
                None => map.add(Proper { name, mail: None }, None, mail),
                Some((old_name, old_mail, _)) => map.add(Proper { name, mail: Some(mail.to_owned()) }, old_name, old_mail),
            }
        }
        map
    }

    fn add(&mut self, proper: Proper, old_name: Option<String>, old_mail: &str) {
        let entry = self.by_mail.entry(old_mail.to_lowercase()).or_default();
        let Some(old_name) = old_name else {
            let Proper { name, mail } = proper;
            entry.whatever_name.name = name.or_else(|| entry.whatever_name.name.take());
            entry.whatever_name.mail = mail.or_else(|| entry.whatever_name.mail.take());
            return;
        };
        entry.by_name.insert(old_name.to_lowercase(), proper);
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_mail.is_empty()
    }

    /// Whom a spelling stands for; `None` where the file does not say.
    #[must_use]
    pub fn resolve(&self, person: &Person) -> Option<Person> {
        if self.is_empty() {
            return None;
        }
        let entry = self.by_mail.get(&person.mail.value.to_lowercase())?;
        let proper = entry.by_name.get(&person.name.value.to_lowercase()).unwrap_or(&entry.whatever_name);
        if proper.name.is_none() && proper.mail.is_none() {
            return None;
        }
        let name = proper.name.as_deref().unwrap_or(&person.name.value);
        let mail = proper.mail.as_deref().unwrap_or(&person.mail.value);
        Some(Person::new(name, mail))
    }
}

/// The name before the first `<`, what stands up to the first `>` behind it, and the rest of the line.
fn name_and_mail(text: &str) -> Option<(Option<String>, &str, &str)> {
    let (name, rest) = text.split_once('<')?;
    let (mail, rest) = rest.split_once('>')?;
    let name = name.trim();
    Some(((!name.is_empty()).then(|| name.to_owned()), mail, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# people\n\
        Alice Example <alice@example.com>\n\
        <alice@example.com> <alice@old.example.org>\n\
        Bob Example <bob@example.com> <shared@example.com>\n\
        Carol Example <carol@example.com> cc <Shared@example.com>\n\
        <> <nobody@example.com>\n\
        Dora <dora@example.com\n\
        no address at all\n";

    #[test]
    fn spellings_are_resolved_as_git_does() {
        let map = Mailmap::parse(FILE.as_bytes());
        let resolved = |name: &str, mail: &str| map.resolve(&Person::new(name, mail)).map(|person| person.to_string());
        assert_eq!(resolved("ae", "ALICE@example.com").as_deref(), Some("Alice Example <ALICE@example.com>"));
        assert_eq!(resolved("ae", "alice@old.example.org").as_deref(), Some("ae <alice@example.com>"));
        assert_eq!(resolved("x", "shared@example.com").as_deref(), Some("Bob Example <bob@example.com>"));
        assert_eq!(resolved("CC", "shared@example.com").as_deref(), Some("Carol Example <carol@example.com>"));
        assert_eq!(resolved("x", "nobody@example.com"), None);
        assert_eq!(resolved("x", "dora@example.com"), None);
        assert!(Mailmap::parse(b"\xff<\xfe>\n<<>>\n<a> <").resolve(&Person::new("a", "b")).is_none());
    }
}
