//! Reads variables of a CI system and checks them before anything is done with them: ids, branch names, numbers.

use super::{Environment, EnvironmentError};
use crate::text::{ObjectId, visible_line};

/// Longer names fit into no file system that holds loose references.
const MOST_NAME_BYTES: usize = 1000;

/// The variables of one system.
pub(super) struct Variables<'a> {
    environment: &'a dyn Environment,
    system: &'static str,
    hint: &'static str,
}

/// An id that may be all zeros, Git's word for "no object".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    Commit(String),
}

impl Told {
    pub(super) fn commit(self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Commit(id) => Some(id),
        }
    }
}

impl<'a> Variables<'a> {
    /// Reads for a system; `hint` is the way out of most of its troubles.
    pub(super) fn of(environment: &'a dyn Environment, system: &'static str, hint: &'static str) -> Self {
        Self { environment, system, hint }
    }

    /// The same variables with another way out.
    pub(super) fn hinting(&self, hint: &'static str) -> Self {
        Self { environment: self.environment, system: self.system, hint }
    }

    pub(super) fn unusable(&self, problem: impl Into<String>) -> EnvironmentError {
        EnvironmentError::Unusable { system: self.system, problem: problem.into(), hint: self.hint }
    }

    /// The value of a variable; `None` where it is not set or empty, which most systems use for "not set".
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        self.environment.variable(name).filter(|value| !value.is_empty())
    }

    /// The value of a variable as it is, empty or not.
    pub(super) fn as_set(&self, name: &str) -> Option<String> {
        self.environment.variable(name)
    }

    pub(super) fn required(&self, name: &str) -> Result<String, EnvironmentError> {
        self.optional(name).ok_or_else(|| self.unusable(format!("{name} is not set, is empty or is not UTF-8")))
    }

    /// The bytes of the file that a variable names.
    pub(super) fn file(&self, name: &str) -> Result<Vec<u8>, EnvironmentError> {
        let path = self.required(name)?;
        let bytes = self.environment.file(&path).map_err(|reason| self.unusable(format!("{name}: {reason}")))?;
        if bytes.len() > super::MOST_EVENT_BYTES {
            return Err(self.unusable(format!("{name}: the file has more than {} bytes", super::MOST_EVENT_BYTES)));
        }
        Ok(bytes)
    }

    /// A commit id that is not all zeros.
    pub(super) fn commit(&self, name: &str) -> Result<String, EnvironmentError> {
        self.commit_in(name, &self.required(name)?)
    }

    pub(super) fn commit_in(&self, place: &str, value: &str) -> Result<String, EnvironmentError> {
        match self.told_in(place, value)? {
            Told::Commit(id) => Ok(id),
            Told::Nothing => Err(self.unusable(format!("{place} is all zeros"))),
        }
    }

    pub(super) fn told_in(&self, place: &str, value: &str) -> Result<Told, EnvironmentError> {
        match ObjectId::from_hex(value) {
            Some(id) if id.as_bytes().iter().all(|&byte| byte == 0) => Ok(Told::Nothing),
            Some(id) => Ok(Told::Commit(id.to_string())),
            None => Err(self.unusable(format!("{place} is not a commit id of 40 or 64 digits: {}", excerpt(value)))),
        }
    }

    /// A branch's or tag's name without `refs/heads/`, as `git check-ref-format` allows it.
    pub(super) fn name(&self, variable: &str) -> Result<String, EnvironmentError> {
        self.name_in(variable, &self.required(variable)?)
    }

    pub(super) fn name_in(&self, place: &str, value: &str) -> Result<String, EnvironmentError> {
        match why_no_name(value) {
            None => Ok(value.to_owned()),
            Some(why) => Err(self.unusable(format!("{place} is not a name that Git allows, {why}: {}", excerpt(value)))),
        }
    }

    /// The full name of a reference.
    pub(super) fn reference_in(&self, place: &str, value: &str) -> Result<String, EnvironmentError> {
        let short = ["refs/heads/", "refs/tags/", "refs/"].iter().find_map(|folder| value.strip_prefix(folder));
        let Some(name) = short else {
            return Err(self.unusable(format!("{place} is not the full name of a reference: {}", excerpt(value))));
        };
        self.name_in(place, name).map(|_| value.to_owned())
    }

    /// The number of a proposal, as people write it.
    pub(super) fn number(&self, name: &str) -> Result<String, EnvironmentError> {
        let value = self.required(name)?;
        if value.len() > 19 || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.unusable(format!("{name} is not a number: {}", excerpt(&value))));
        }
        Ok(value)
    }

    /// A trigger for which no range is defined.
    pub(super) fn unknown_trigger(&self, place: &str, value: &str) -> EnvironmentError {
        self.unusable(format!("{place} is {}, for which no range is defined", excerpt(value)))
    }
}

/// The branch of the remote repository, so that no tag or local branch of the same name can stand in.
pub(super) fn remote_branch(name: &str) -> String {
    format!("refs/remotes/origin/{name}")
}

/// The beginning of a value for a message, with hidden characters shown.
pub(super) fn excerpt(value: &str) -> String {
    let shown: String = value.chars().take(80).collect();
    let rest = if value.chars().nth(80).is_some() { "…" } else { "" };
    format!("'{}{rest}'", visible_line(&shown))
}

/// Why a name of a branch or tag is none, by the rules of `git check-ref-format --branch`.
fn why_no_name(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > MOST_NAME_BYTES {
        return Some("it is empty or too long");
    }
    if name.starts_with('-') || name == "@" || name == "HEAD" {
        return Some("it begins with a dash, or is '@' or 'HEAD'");
    }
    if name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c)) {
        return Some("it has a blank, a control character or one of ~^:?*[\\");
    }
    if name.contains("..") || name.contains("@{") || name.ends_with('.') {
        return Some("it has '..' or '@{', or ends with a dot");
    }
    let is_odd = |part: &str| part.is_empty() || part.starts_with('.') || part.strip_suffix(".lock").is_some();
    name.split('/').any(is_odd).then_some("a part of it is empty, begins with a dot or ends with '.lock'")
}

#[cfg(test)]
mod tests {
    use super::{ObjectId, why_no_name};

    #[test]
    fn an_id_has_digits_only() {
        assert!(ObjectId::from_hex(&"aB".repeat(20)).is_some() && ObjectId::from_hex(&"0f".repeat(32)).is_some());
        for wrong in ["+f", "-f", " f", "0x", "é"] {
            assert!(ObjectId::from_hex(&wrong.repeat(20)).is_none(), "{wrong}");
        }
    }

    #[test]
    fn names_are_those_that_git_allows() {
        for name in ["main", "feature/x", "a-b", "PROJ-1_x", "größe", "x@y", "release/1.0", "refs/heads/x", "x#1;$(id)`'\""] {
            assert_eq!(why_no_name(name), None, "{name}");
        }
        let odd = [
            "",
            "-x",
            "--output=x",
            "@",
            "HEAD",
            "a b",
            "a\nb",
            "a\u{7f}",
            "a\u{85}b",
            "a..b",
            "a@{1}",
            "a.",
            "a~1",
            "a^",
            "a:b",
        ];
        let parts = ["/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a?", "a*", "a[", "a\\b", "\0"];
        for name in odd.iter().chain(&parts) {
            assert!(why_no_name(name).is_some(), "{name:?}");
        }
        assert!(why_no_name(&"x".repeat(1001)).is_some());
    }
}
