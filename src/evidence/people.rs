//! People as written in trailers and notes.

use std::sync::Arc;

use crate::text::Person;

/// The people of a list, split at commas outside `<>` and quotation marks.
pub(super) fn list(value: &str) -> impl Iterator<Item = Arc<Person>> {
    split_list(value).filter_map(one)
}

/// One person: `Name <mail>`, `Name <mail` with the bracket missing, a bare address, or a name or login.
pub(super) fn one(text: &str) -> Option<Arc<Person>> {
    let text = text.trim();
    let (name, mail) = match text.split_once('<') {
        Some((name, rest)) => (name, rest.split('>').next().unwrap_or(rest)),
        // `name name@example.com`, with the brackets forgotten
        None => match text.rsplit_once(char::is_whitespace) {
            Some((name, mail)) if is_address(mail) => (name, mail),
            None if is_address(text) => ("", text),
            Some(_) | None => (text, ""),
        },
    };
    let name = name.trim().trim_matches('"').trim();
    let mail = mail.trim();
    (!name.is_empty() || !mail.is_empty()).then(|| Arc::new(Person::new(name, mail)))
}

fn is_address(text: &str) -> bool {
    !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

fn split_list(value: &str) -> impl Iterator<Item = &str> {
    let mut in_angles = false;
    let mut in_quotes = false;
    value.split(move |character| {
        match character {
            '<' => in_angles = true,
            '>' => in_angles = false,
            '"' if !in_angles => in_quotes = !in_quotes,
            ',' | ';' => return !in_angles && !in_quotes,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::list;

    fn people(value: &str) -> Vec<String> {
        list(value).map(|person| person.to_string()).collect()
    }

    #[test]
    fn lists_are_split_at_commas_between_people() {
        assert_eq!(people("A <a@b.c>, C D <c,d@e>,, login"), ["A <a@b.c>", "C D <c,d@e>", "login"]);
        assert_eq!(people("\"Doe, Jo\" <j@x.y> # for the docs"), ["Doe, Jo <j@x.y>"]);
        assert_eq!(people("chandan <chandan@linux.vnet.ibm.com"), ["chandan <chandan@linux.vnet.ibm.com>"]);
        assert_eq!(people("a@b.c, <d@e.f>, @team"), ["<a@b.c>", "<d@e.f>", "@team"]);
        assert_eq!(people("ann ann@b.c"), ["ann <ann@b.c>"]);
        assert!(people(" , <>").is_empty());
    }
}
