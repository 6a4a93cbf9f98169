//! Bots, and names that are written to be mistaken for others.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::settings::{RegisteredBot, Settings};
use crate::text::{Person, is_hidden};

/// Names of well-known bots, in lower case and without `[bot]`, with the name to show.
const NAMES: &[(&str, &str)] = &[
    ("argocd-image-updater", "argocd-image-updater"),
    ("bors", "bors"),
    ("copybara-service", "copybara"),
    ("dependabot", "dependabot"),
    ("dependabot-preview", "dependabot"),
    ("flux", "flux"),
    ("flux bot", "flux"),
    ("fluxcd", "flux"),
    ("fluxcdbot", "flux"),
    ("fluxbot", "flux"),
    ("weave flux", "flux"),
    ("gerrit code review", "gerrit"),
    ("gerritcodereview", "gerrit"),
    ("github actions", "github-actions"),
    ("github-actions", "github-actions"),
    ("gitlab-bot", "gitlab-bot"),
    ("gopherbot", "gopherbot"),
    ("gopher robot", "gopherbot"),
    ("homu", "homu"),
    ("jenkins", "jenkins"),
    ("k8s-ci-robot", "k8s-ci-robot"),
    ("kubernetes prow robot", "k8s-ci-robot"),
    ("mergify", "mergify"),
    ("openshift-bot", "openshift-bot"),
    ("openshift-ci", "openshift-ci"),
    ("openshift-ci-robot", "openshift-ci"),
    ("openshift ci robot", "openshift-ci"),
    ("openshift-merge-bot", "openshift-merge-bot"),
    ("openshift-merge-robot", "openshift-merge-robot"),
    ("openshift merge robot", "openshift-merge-robot"),
    ("openstack proposal bot", "openstack-proposal-bot"),
    ("pre-commit-ci", "pre-commit-ci"),
    ("pulumi-bot", "pulumi-bot"),
    ("renovate", "renovate"),
    ("renovate bot", "renovate"),
    ("renovate-bot", "renovate"),
    ("snyk-bot", "snyk"),
    ("whitesource renovate", "renovate"),
    ("mend renovate", "renovate"),
    ("zuul", "zuul"),
];

/// Addresses, or their beginnings before `@`, of well-known bots.
const ADDRESSES: &[(&str, &str)] = &[
    ("bot@renovateapp.com", "renovate"),
    ("renovate@whitesourcesoftware.com", "renovate"),
    ("argocd-image-updater@", "argocd-image-updater"),
    ("noreply@argoproj.io", "argocd-image-updater"),
    ("fluxcdbot@", "flux"),
    ("flux@", "flux"),
    ("zuul@", "zuul"),
    ("bors@", "bors"),
    ("dependabot@", "dependabot"),
    ("support@dependabot.com", "dependabot"),
    ("k8s-ci-robot@", "k8s-ci-robot"),
    ("openshift-merge-robot@", "openshift-merge-robot"),
    ("openshift-ci-robot@", "openshift-ci"),
];

/// The bot that an author or committer is: the registered ones first, then well-known ones.
///
/// A forge that commits on behalf of people, such as `GitHub <noreply@github.com>`, is no bot.
#[must_use]
pub fn find_bot(person: &Person, settings: &Settings) -> Option<Arc<str>> {
    let name = person.name.value.trim().to_lowercase();
    let mail = person.mail.value.trim().to_lowercase();
    let login = person.login.to_lowercase();
    let registered = settings.bots.iter().find(|bot| is_registered(bot, &name, &mail) || is_registered(bot, &login, ""));
    let known = || known_bot(&name, &mail).or_else(|| known_bot(&login, ""));
    registered.map(|bot| bot.name.clone()).or_else(|| known().map(Arc::from))
}

fn is_registered(bot: &RegisteredBot, name: &str, mail: &str) -> bool {
    let whole = || format!("{name} <{mail}>");
    bot.aliases
        .iter()
        .map(|alias| alias.trim().to_lowercase())
        .any(|alias| !alias.is_empty() && (alias == mail || alias == name || (alias.ends_with('>') && alias == whole())))
}

fn known_bot(name: &str, mail: &str) -> Option<String> {
    if let Some(login) = bot_login(mail).or_else(|| name.strip_suffix("[bot]")) {
        let known = NAMES.iter().find(|(known, _)| *known == login);
        return Some(known.map_or_else(|| format!("{}[bot]", login.trim()), |(_, shown)| (*shown).to_owned()));
    }
    let by_name = NAMES.iter().find(|(known, _)| *known == name);
    let by_mail = || ADDRESSES.iter().find(|(start, _)| mail.starts_with(start) && (start.ends_with('@') || *start == mail));
    by_name.or_else(by_mail).map(|(_, shown)| (*shown).to_owned())
}

/// The login in `123+login[bot]@users.noreply.github.com`.
fn bot_login(mail: &str) -> Option<&str> {
    let login = mail.strip_suffix("@users.noreply.github.com")?.strip_suffix("[bot]")?;
    Some(login.split_once('+').map_or(login, |(_, login)| login))
}

/// Why a name or address may be made to be mistaken for another one: hidden characters, or scripts mixed within a word.
///
/// Japanese and Korean names that mix their own scripts and Latin are ordinary.
#[must_use]
pub fn suspicious_name(person: &Person) -> Option<String> {
    [("name", &person.name.value), ("address", &person.mail.value)].into_iter().find_map(|(what, text)| suspicion(what, text))
}

fn suspicion(what: &str, text: &str) -> Option<String> {
    if text.is_ascii() && !text.contains(is_hidden) {
        return None;
    }
    if let Some(hidden) = text.chars().find(|&character| is_hidden(character)) {
        return Some(format!("the {what} holds the hidden character U+{:04X}", u32::from(hidden)));
    }
    let words =
        || text.split(|character: char| !character.is_alphabetic() && !is_mark(character)).filter(|word| !word.is_empty());
    if let Some((one, other)) = words().find_map(mixed_scripts) {
        return Some(format!("the {what} mixes {one} and {other} letters in one word"));
    }
    let has_latin = words().any(|word| word.chars().any(|character| character.is_ascii_alphabetic()));
    let twin = words().find(|word| word.chars().all(is_twin_of_latin)).filter(|_| has_latin);
    twin.map(|_| format!("the {what} has a word of non-Latin letters that all look like Latin ones beside Latin words"))
}

/// Scripts whose letters can be mistaken for one another's; every other script may stand beside Latin.
static CONFUSABLE: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let scripts = ["Latin", "Cyrillic", "Greek", "Armenian", "Cherokee", "Coptic", "Georgian", "Lisu", "Deseret"];
    scripts.into_iter().filter_map(|script| Some((script, Regex::new(&format!(r"\p{{Script={script}}}")).ok()?))).collect()
});

fn mixed_scripts(word: &str) -> Option<(&'static str, &'static str)> {
    if word.is_ascii() {
        return None;
    }
    let mut present = CONFUSABLE.iter().filter(|(_, script)| script.is_match(word)).map(|(name, _)| *name);
    Some((present.next()?, present.next()?))
}

/// Combining marks belong to the letter before them.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\'' | '\u{2019}')
}

/// Whether a Cyrillic or Greek letter looks like a Latin one.
fn is_twin_of_latin(character: char) -> bool {
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅԌԚԜοαΑΒΕΖΗΙΚΜΝΟΡΤΥΧ".contains(character)
}

#[cfg(test)]
mod tests {
    use super::{known_bot, suspicious_name};
    use crate::text::Person;

    #[test]
    fn well_known_bots_are_found_and_forges_are_not() {
        let shown = |name: &str, mail: &str| known_bot(&name.to_lowercase(), mail);
        assert_eq!(shown("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com").as_deref(), Some("renovate"));
        assert_eq!(
            shown("rh-tap-build-team[bot]", "1+rh-tap-build-team[bot]@users.noreply.github.com").as_deref(),
            Some("rh-tap-build-team[bot]")
        );
        assert_eq!(shown("Flux", "").as_deref(), Some("flux"));
        assert_eq!(shown("Zuul", "zuul@review.opendev.org").as_deref(), Some("zuul"));
        assert_eq!(shown("GitHub", "noreply@github.com"), None);
        assert_eq!(shown("Abbot", "abbot@example.com"), None);
    }

    #[test]
    fn look_alike_names_are_suspicious_and_ordinary_ones_are_not() {
        let is_suspicious = |name: &str| suspicious_name(&Person::new(name, "a@b.c")).is_some();
        for name in ["Аlice", "Alice\u{202e}", "Ali\u{200b}ce", "Alice Ѕсоре", "Ρaul"] {
            assert!(is_suspicious(name), "{name}");
        }
        for name in [
            "Alice",
            "José Ñandú",
            "山田 タロウ Taro",
            "Иван Петров",
            "Ivan Петров",
            "김철수 Kim",
            "東京タワーの人",
            "Ανδρέας",
            "O’Brien",
            "Đặng Văn",
        ] {
            assert!(!is_suspicious(name), "{name}");
        }
    }
}
