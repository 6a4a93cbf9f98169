//! Reading an object of an export: members by path; what is not as documented is told with its place.

use serde_json::Value;

use super::{dates, prose};

/// An object and where it stands: a JSON pointer behind the number of the document.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    value: &'a Value,
    pub place: String,
}

impl<'a> Object<'a> {
    pub fn new(value: &'a Value, place: String) -> Self {
        Self { value, place }
    }

    /// Whether it has a member that is not null.
    pub fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|value| !value.is_null())
    }

    /// The value at a path of names; `None` where something on the way is missing or null.
    pub fn find(&self, path: &[&str]) -> Result<Option<&'a Value>, String> {
        let mut value = self.value;
        for (depth, name) in path.iter().enumerate() {
            let Some(members) = value.as_object() else {
                return Err(self.complaint(path.get(..depth).unwrap_or_default(), "an object", value));
            };
            match members.get(*name) {
                None | Some(Value::Null) => return Ok(None),
                Some(member) => value = member,
            }
        }
        Ok(Some(value))
    }

    /// A text.
    pub fn text(&self, path: &[&str]) -> Result<Option<&'a str>, String> {
        match self.find(path)? {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| self.complaint(path, "a text", value)),
        }
    }

    /// A text that has to be there.
    pub fn needed_text(&self, path: &[&str]) -> Result<&'a str, String> {
        self.text(path)?.ok_or_else(|| self.complaint(path, "a text", &Value::Null))
    }

    /// A text, empty where there is none.
    pub fn words(&self, path: &[&str]) -> Result<String, String> {
        Ok(self.text(path)?.unwrap_or_default().to_owned())
    }

    /// A description as plain lines, empty where there is none.
    pub fn prose(&self, path: &[&str]) -> Result<String, String> {
        Ok(self.find(path)?.map(prose::lines).unwrap_or_default())
    }

    /// A text or a number, as text.
    pub fn word(&self, path: &[&str]) -> Result<Option<String>, String> {
        match self.find(path)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(self.complaint(path, "a text or a number", other)),
        }
    }

    /// A number that is not negative.
    pub fn number(&self, path: &[&str]) -> Result<Option<u64>, String> {
        match self.find(path)? {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| self.complaint(path, "a whole number", value)),
        }
    }

    /// A number that has to be there.
    pub fn needed_number(&self, path: &[&str]) -> Result<u64, String> {
        self.number(path)?.ok_or_else(|| self.complaint(path, "a whole number", &Value::Null))
    }

    /// Yes or no.
    pub fn flag(&self, path: &[&str]) -> Result<Option<bool>, String> {
        match self.find(path)? {
            None => Ok(None),
            Some(value) => value.as_bool().map(Some).ok_or_else(|| self.complaint(path, "true or false", value)),
        }
    }

    /// A time that names its zone, as RFC 3339 in UTC.
    pub fn time(&self, path: &[&str]) -> Result<Option<String>, String> {
        match self.text(path)? {
            None | Some("") => Ok(None),
            Some(text) => dates::zoned(text).map(Some).ok_or_else(|| {
                self.complaint(path, "a time such as 2015-12-07T14:19:13.000-0800", &Value::String(text.to_owned()))
            }),
        }
    }

    /// The objects of a list; none where it is missing.
    pub fn objects(&self, path: &[&str]) -> Result<Vec<Object<'a>>, String> {
        let Some(value) = self.find(path)? else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| self.complaint(path, "a list", value))?;
        let place = |index: usize| format!("{}/{}/{index}", self.place, pointer(path));
        Ok(list.iter().enumerate().map(|(index, row)| Object::new(row, place(index))).collect())
    }

    /// Every member with its name; none where this is no object.
    pub fn members(&self, path: &[&str]) -> Result<impl Iterator<Item = (&'a String, &'a Value)> + use<'a>, String> {
        let members = self.find(path)?.and_then(Value::as_object);
        Ok(members.into_iter().flatten())
    }

    /// One sentence about what stands where something else is documented.
    pub fn complaint(&self, path: &[&str], expected: &str, found: &Value) -> String {
        const SHOWN: usize = 60;
        let found: String = match found {
            Value::Null => "nothing".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => found.to_string().chars().take(SHOWN).collect(),
        };
        let separator = if path.is_empty() { "" } else { "/" };
        let found = crate::text::visible_line(&found);
        format!("{}{separator}{}: {expected} is expected, not {found}", self.place, pointer(path))
    }
}

/// A path as RFC 6901 writes it, without the first slash.
fn pointer(path: &[&str]) -> String {
    let names: Vec<String> = path.iter().map(|name| name.replace('~', "~0").replace('/', "~1")).collect();
    names.join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_shape_is_told_with_its_place() {
        let value = json!({"fields": {"status": "open", "n": -1, "a/b": {"t": [1]}}, "none": null});
        let object = Object::new(&value, "1/issues/3".into());
        assert_eq!(object.text(&["none", "name"]), Ok(None));
        assert_eq!(
            object.text(&["fields", "status", "name"]).unwrap_err(),
            "1/issues/3/fields/status: an object is expected, not \"open\""
        );
        assert_eq!(object.number(&["fields", "n"]).unwrap_err(), "1/issues/3/fields/n: a whole number is expected, not -1");
        assert_eq!(object.text(&["fields", "a/b", "t"]).unwrap_err(), "1/issues/3/fields/a~1b/t: a text is expected, not a list");
        assert!(object.needed_text(&["key"]).unwrap_err().ends_with("1/issues/3/key: a text is expected, not nothing"));
        assert!(object.time(&["fields", "status"]).unwrap_err().contains("a time such as"));
    }
}
