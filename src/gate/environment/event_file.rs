//! Reads the JSON file in which GitHub Actions describes the event; every value is named by its path.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::EnvironmentError;
use super::variables::{Told, Variables};

/// An event, of which only what the gate reads is kept: the list of commits of a push can be megabytes.
pub(super) struct EventFile<'a> {
    variables: &'a Variables<'a>,
    root: Value,
}

#[derive(Deserialize, Serialize)]
struct Kept {
    action: Option<Value>,
    number: Option<Value>,
    #[serde(rename = "ref")]
    reference: Option<Value>,
    before: Option<Value>,
    after: Option<Value>,
    created: Option<Value>,
    deleted: Option<Value>,
    forced: Option<Value>,
    pull_request: Option<Value>,
    merge_group: Option<Value>,
    repository: Option<Value>,
}

impl<'a> EventFile<'a> {
    /// Reads the file that `GITHUB_EVENT_PATH` names.
    pub(super) fn read(variables: &'a Variables<'a>) -> Result<Self, EnvironmentError> {
        let bytes = variables.file("GITHUB_EVENT_PATH")?;
        let wrong = |cause: serde_json::Error| variables.unusable(format!("the file of GITHUB_EVENT_PATH: {cause}"));
        let kept: Kept = serde_json::from_slice(&bytes).map_err(wrong)?;
        Ok(Self { variables, root: serde_json::to_value(kept).map_err(wrong)? })
    }

    /// The value at a path such as `.pull_request.base.ref`; `None` for nothing and for `null`.
    fn at(&self, path: &str) -> Option<&Value> {
        let names = path.split('.').filter(|name| !name.is_empty());
        names.into_iter().try_fold(&self.root, |value, name| value.get(name)).filter(|value| !value.is_null())
    }

    fn wrong(&self, path: &str, wanted: &str) -> EnvironmentError {
        let found = match self.at(path) {
            None => "nothing",
            Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "true or false",
            Some(Value::Number(_)) => "another number",
            Some(Value::String(_)) => "text",
            Some(Value::Array(_)) => "a list",
            Some(Value::Object(_)) => "an object",
        };
        self.variables.unusable(format!("the event has {found} at {path} where {wanted} is expected"))
    }

    pub(super) fn text(&self, path: &str) -> Result<&str, EnvironmentError> {
        self.at(path).and_then(Value::as_str).ok_or_else(|| self.wrong(path, "text"))
    }

    /// Text that may be missing or `null`, as the description of a pull request without one.
    pub(super) fn text_or_nothing(&self, path: &str) -> Result<&str, EnvironmentError> {
        if self.at(path).is_none() { Ok("") } else { self.text(path) }
    }

    pub(super) fn flag(&self, path: &str) -> Result<bool, EnvironmentError> {
        self.at(path).and_then(Value::as_bool).ok_or_else(|| self.wrong(path, "true or false"))
    }

    pub(super) fn number(&self, path: &str) -> Result<u64, EnvironmentError> {
        self.at(path).and_then(Value::as_u64).ok_or_else(|| self.wrong(path, "a whole number"))
    }

    pub(super) fn commit(&self, path: &str) -> Result<String, EnvironmentError> {
        self.variables.commit_in(path, self.text(path)?)
    }

    pub(super) fn told(&self, path: &str) -> Result<Told, EnvironmentError> {
        self.variables.told_in(path, self.text(path)?)
    }

    pub(super) fn name(&self, path: &str) -> Result<String, EnvironmentError> {
        self.variables.name_in(path, self.text(path)?)
    }

    pub(super) fn reference(&self, path: &str) -> Result<String, EnvironmentError> {
        self.variables.reference_in(path, self.text(path)?)
    }

    /// Refuses an event whose parts contradict each other.
    pub(super) fn contradicts(&self, problem: &str) -> EnvironmentError {
        self.variables.unusable(format!("the event contradicts itself: {problem}"))
    }
}
