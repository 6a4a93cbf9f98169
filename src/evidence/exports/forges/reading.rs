//! Typed reading of JSON objects: what is missing or of another type is told with its JSON pointer.

use std::cell::{Cell, RefCell};

use serde_json::Value;

use super::super::recorded::{Account, ExportPlace};
use crate::text::{CommitId, ObjectId, utc_text};

/// One JSON document of an export, and what was noticed while it was read.
pub(super) struct Document<'a> {
    file: &'a str,
    number: usize,
    /// Where in the list that the document is the first row of this piece stands.
    first: usize,
    value: &'a Value,
    /// The repository, where the document tells it once for everything in it.
    repository: String,
    short_ids: Cell<usize>,
    gaps: RefCell<Vec<String>>,
}

impl<'a> Document<'a> {
    /// A document by its file and its number in it, counted from 1; of a list, the rows from `first` on.
    pub(super) fn new(file: &'a str, number: usize, first: usize, value: &'a Value) -> Self {
        let repository = value.pointer("/data/repository/nameWithOwner").and_then(Value::as_str).unwrap_or_default();
        let (short_ids, gaps) = (Cell::new(0), RefCell::default());
        Self { file, number, first, value, repository: repository.to_owned(), short_ids, gaps }
    }

    /// What was noticed, one sentence each.
    pub(super) fn into_gaps(self) -> Vec<String> {
        let mut gaps = self.gaps.into_inner();
        match self.short_ids.get() {
            0 => {}
            1 => gaps.push("1 commit is named by a shortened id, which is not taken as proof of a commit".into()),
            many => gaps.push(format!("{many} commits are named by shortened ids, which are not taken as proof of a commit")),
        }
        gaps
    }
}

/// A value inside a document.
#[derive(Clone)]
pub(super) struct Node<'a> {
    document: &'a Document<'a>,
    value: &'a Value,
    pointer: String,
}

impl<'a> Node<'a> {
    /// The whole document.
    pub(super) fn root(document: &'a Document<'a>, value: &'a Value) -> Self {
        Self { document, value, pointer: document.number.to_string() }
    }

    /// The value itself.
    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// Where it stands.
    pub(super) fn place(&self) -> ExportPlace {
        ExportPlace { file: self.document.file.to_owned(), place: self.pointer.clone() }
    }

    /// The repository that the document is about, where it tells that once for all.
    pub(super) fn document_repository(&self) -> &'a str {
        &self.document.repository
    }

    /// Notes why the export may not be whole.
    pub(super) fn gap(&self, gap: String) {
        self.document.gaps.borrow_mut().push(gap);
    }

    /// A sentence about what is wrong at `path` below this value.
    pub(super) fn wrong(&self, path: &str, problem: &str) -> String {
        let slash = if path.is_empty() { "" } else { "/" };
        crate::text::visible_line(&format!("{}{slash}{path}: {problem}", self.pointer))
    }

    /// Whether there is something other than `null` at `path`; for telling shapes apart.
    pub(super) fn has(&self, path: &str) -> bool {
        self.peek(path).is_some_and(|value| !value.is_null())
    }

    /// Whether the member is there, be it `null`; for telling shapes apart.
    pub(super) fn names(&self, path: &str) -> bool {
        self.peek(path).is_some()
    }

    /// What is at `path`, without a word about wrong types; for telling shapes apart.
    pub(super) fn peek(&self, path: &str) -> Option<&'a Value> {
        path.split('/').try_fold(self.value, |value, name| value.get(name))
    }

    /// What is at `path`: `None` where a step is missing or `null`.
    fn find(&self, path: &str) -> Result<Option<&'a Value>, String> {
        let mut value = self.value;
        let mut walked = 0;
        for name in path.split('/') {
            let Some(members) = value.as_object() else {
                let parent = path.get(..walked).unwrap_or_default().trim_end_matches('/');
                return Err(self.wrong(parent, "should be an object"));
            };
            match members.get(name) {
                None | Some(Value::Null) => return Ok(None),
                Some(inner) => value = inner,
            }
            walked += name.len() + 1;
        }
        Ok(Some(value))
    }

    /// The object or list at `path`.
    pub(super) fn child(&self, path: &str) -> Result<Option<Self>, String> {
        let found = self.find(path)?;
        Ok(found.map(|value| Self { document: self.document, value, pointer: format!("{}/{path}", self.pointer) }))
    }

    /// The items of this list.
    pub(super) fn items(&self) -> Result<Vec<Self>, String> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("", "should be a list"))?;
        let first = if std::ptr::eq(self.value, self.document.value) { self.document.first } else { 0 };
        let node = |(index, value)| Self { document: self.document, value, pointer: format!("{}/{index}", self.pointer) };
        Ok((first..).zip(items).map(node).collect())
    }

    /// The items of the list at `path`; `None` where there is no list.
    pub(super) fn list(&self, path: &str) -> Result<Option<Vec<Self>>, String> {
        self.child(path)?.map(|list| list.items()).transpose()
    }

    /// The members of the object at `path`, by name.
    pub(super) fn members(&self, path: &str) -> Result<Vec<(&'a str, Self)>, String> {
        let Some(child) = self.child(path)? else { return Ok(Vec::new()) };
        let members = child.value.as_object().ok_or_else(|| child.wrong("", "should be an object"))?;
        let node = |(name, value): (&'a String, &'a Value)| {
            (name.as_str(), Self { document: self.document, value, pointer: format!("{}/{name}", child.pointer) })
        };
        Ok(members.iter().map(node).collect())
    }

    /// The text at `path`; `None` where it is missing or `null`.
    pub(super) fn text(&self, path: &str) -> Result<Option<&'a str>, String> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| self.wrong(path, "should be a text"));
        self.find(path)?.map(text).transpose()
    }

    /// The text at `path`, which must be there.
    pub(super) fn required(&self, path: &str) -> Result<&'a str, String> {
        self.text(path)?.ok_or_else(|| self.wrong(path, "is missing"))
    }

    /// The text at `path`, empty where it is missing or `null`.
    pub(super) fn words(&self, path: &str) -> Result<String, String> {
        Ok(self.text(path)?.unwrap_or_default().to_owned())
    }

    /// The whole number at `path`; `None` where it is missing or `null`.
    pub(super) fn number(&self, path: &str) -> Result<Option<i64>, String> {
        let number = |value: &Value| value.as_i64().ok_or_else(|| self.wrong(path, "should be a whole number"));
        self.find(path)?.map(number).transpose()
    }

    /// The whole number at `path`, which must be there.
    pub(super) fn required_number(&self, path: &str) -> Result<i64, String> {
        self.number(path)?.ok_or_else(|| self.wrong(path, "is missing"))
    }

    /// The yes or no at `path`; no where it is missing or `null`.
    pub(super) fn flag(&self, path: &str) -> Result<bool, String> {
        let flag = |value: &Value| value.as_bool().ok_or_else(|| self.wrong(path, "should be true or false"));
        Ok(self.find(path)?.map(flag).transpose()?.unwrap_or(false))
    }

    /// The commit named at `path`; a shortened id is noted and is no id.
    pub(super) fn commit(&self, path: &str) -> Result<Option<CommitId>, String> {
        self.text(path)?.map_or(Ok(None), |id| self.commit_named(path, id))
    }

    /// Reads the id of a commit that stands at `path`.
    pub(super) fn commit_named(&self, path: &str, id: &str) -> Result<Option<CommitId>, String> {
        if let Some(id) = ObjectId::from_hex(id) {
            let is_none = id.as_bytes().iter().all(|byte| *byte == 0);
            return Ok((!is_none).then_some(CommitId(id)));
        }
        if id.is_empty() {
            return Ok(None);
        }
        if (7..40).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            self.document.short_ids.set(self.document.short_ids.get() + 1);
            return Ok(None);
        }
        Err(self.wrong(path, "should be the id of a commit"))
    }

    /// The moment at `path` as RFC 3339 in UTC: a text with a zone, a Gerrit text without one, which is UTC.
    pub(super) fn moment(&self, path: &str) -> Result<Option<String>, String> {
        let Some(text) = self.text(path)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let seconds = seconds_of(text).ok_or_else(|| self.wrong(path, "should be a date and time"))?;
        utc_text(seconds).map(Some).ok_or_else(|| self.wrong(path, "is out of range"))
    }

    /// The moment at `path` from a number of units since 1970, of which there are `per_second` in a second.
    pub(super) fn moment_since_1970(&self, path: &str, per_second: i64) -> Result<Option<String>, String> {
        let Some(units) = self.number(path)? else { return Ok(None) };
        let seconds = units.checked_div_euclid(per_second).and_then(utc_text);
        seconds.map(Some).ok_or_else(|| self.wrong(path, "is out of range"))
    }

    /// The account at `path` by reader `read`; `None` where it is missing or `null`.
    pub(super) fn account(&self, path: &str, read: AccountReader) -> Result<Option<Account>, String> {
        self.child(path)?.map(|account| read(&account)).transpose()
    }
}

/// Reads an account of one forge.
pub(super) type AccountReader = fn(&Node<'_>) -> Result<Account, String>;

/// Seconds since 1970 of a text in one of the forms that forges write.
fn seconds_of(text: &str) -> Option<i64> {
    let with_zone =
        chrono::DateTime::parse_from_rfc3339(text).or_else(|_| chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    with_zone
        .map(|moment| moment.timestamp())
        .or_else(|_| {
            chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").map(|moment| moment.and_utc().timestamp())
        })
        .ok()
}

/// A branch without `refs/heads/`.
pub(super) fn branch(name: &str) -> String {
    name.strip_prefix("refs/heads/").unwrap_or(name).to_owned()
}

/// The number right behind `word` in an address, e.g. `…/pullRequests/12/threads`.
pub(super) fn number_after<'t>(address: &'t str, word: &str) -> Option<&'t str> {
    let number = address.rsplit_once(word)?.1.split(['/', '?', '#']).next()?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// `owner/name` and the number of an address that has `…/owner/name/<word>/<number>` in it, e.g. `…/pulls/12`.
pub(super) fn proposal_address<'t>(address: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let number = number_after(address, word)?;
    let before = address.rsplit_once(word)?.0;
    let start = before.rmatch_indices('/').nth(1)?.0 + 1;
    Some((before.get(start..)?, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_time_becomes_utc() {
        let table = [
            ("2017-03-22T19:06:59Z", "2017-03-22T19:06:59Z"),
            ("2016-11-01T16:28:08.8900118Z", "2016-11-01T16:28:08Z"),
            ("2020-12-27T14:09:14.660262+00:00", "2020-12-27T14:09:14Z"),
            ("2020-12-27T14:09:14.660+02:00", "2020-12-27T12:09:14Z"),
            ("2020-12-27T14:09:14.660-0800", "2020-12-27T22:09:14Z"),
            ("2013-02-01 09:59:32.126000000", "2013-02-01T09:59:32Z"),
        ];
        for (written, expected) in table {
            assert_eq!(seconds_of(written).and_then(utc_text).as_deref(), Some(expected), "{written}");
        }
        assert_eq!(seconds_of("yesterday"), None);
    }

    #[test]
    fn addresses_name_repository_and_number() {
        let read = |address: &'static str| proposal_address(address, "/pulls/");
        assert_eq!(read("https://api.forge.example/repos/acme/policies/pulls/12"), Some(("acme/policies", "12")));
        assert_eq!(read("https://forge.example/acme/policies/pulls/12/reviews"), Some(("acme/policies", "12")));
        assert_eq!(read("/pulls/12"), None);
        assert_eq!(read("https://forge.example/acme/policies/pulls/x"), None);
    }

    #[test]
    fn wrong_types_are_told_with_their_pointer() {
        let value = serde_json::json!({"user": {"login": 7}, "sha": "zz", "short": "0123456789ab", "text": "x"});
        let document = Document::new("1/x.json", 3, 0, &value);
        let node = Node::root(&document, &value);
        assert_eq!(node.text("user/login"), Err("3/user/login: should be a text".into()));
        assert_eq!(node.text("text/login"), Err("3/text: should be an object".into()));
        assert_eq!(node.required("other"), Err("3/other: is missing".into()));
        assert_eq!(node.commit("sha"), Err("3/sha: should be the id of a commit".into()));
        assert_eq!(node.commit("short"), Ok(None));
        assert_eq!(document.into_gaps().len(), 1);
    }
}
