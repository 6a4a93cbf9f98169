//! A line scan of YAML for the kinds of its objects: one pass, linear, nothing inflated or copied.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::documents::{separator_length, without_mark};
use super::{ObjectKind, UNKNOWN_GROUP, json};

/// A template may name several alternatives in one document; more than these say nothing.
const MAX_ALTERNATIVES: usize = 8;

/// Finds the kinds of all objects in a file, sorted, each once.
///
/// Documents end at `---` in column 0; `apiVersion:` and `kind:` count in column 0, and inside `items:` and
/// `objects:` of lists and templates. A document counts when it has both. A kind that a template decides is left
/// out; a group that a template decides is [`UNKNOWN_GROUP`]. JSON is read likewise.
#[must_use]
pub fn scan(bytes: &[u8]) -> Vec<ObjectKind> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut found = Found::default();
    for document in documents(bytes) {
        Document::of(document).finish(document, &mut found);
    }
    found.into_kinds()
}

/// Groups and kinds as they stand in a file; the same one is mostly found many times in a row.
#[derive(Default)]
pub(super) struct Found<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Found<'a> {
    fn add(&mut self, group: &'a [u8], kind: &'a [u8]) {
        if self.0.last() != Some(&(group, kind)) {
            self.0.push((group, kind));
        }
    }

    /// Adds everything that another one has.
    pub(super) fn append(&mut self, other: Self) {
        other.0.into_iter().for_each(|(group, kind)| self.add(group, kind));
    }

    fn into_kinds(mut self) -> Vec<ObjectKind> {
        self.0.sort_unstable();
        self.0.dedup();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into();
        self.0.into_iter().map(|(group, kind)| ObjectKind { group: text(group), kind: text(kind) }).collect()
    }
}

/// What a scan shows of one document.
pub(super) struct Sight {
    /// The kinds of its objects, as [`scan`] finds them.
    pub kinds: Vec<ObjectKind>,
    /// Whether there may be an object that a scan cannot see: flow style, escapes, merge keys, a value on the next line.
    pub unsure: bool,
}

/// Looks at one document.
pub(super) fn look(text: &[u8]) -> Sight {
    let mut document = Document::of(text);
    document.unsure |= (!document.is_json && hides_keys(text)) || has_old_breaks(text);
    let mut found = Found::default();
    document.finish(text, &mut found);
    Sight { kinds: found.into_kinds(), unsure: document.unsure }
}

/// What a file shows before it is parsed.
#[derive(Clone, Debug, Default)]
pub struct FirstLook {
    /// The kinds of its objects as a line scan finds them, sorted, each once.
    pub kinds: Vec<ObjectKind>,
    /// Whether there may be an object that only a parser can see.
    pub unsure: bool,
}

/// Looks at all documents of a file.
pub(super) fn first_look(bytes: &[u8]) -> FirstLook {
    let mut unsure = has_old_breaks(bytes);
    let mut found = Found::default();
    for piece in documents(without_mark(bytes)) {
        let text = without_mark(piece.get(separator_length(piece)..).unwrap_or(&[]));
        let mut document = Document::of(text);
        document.finish(text, &mut found);
        unsure = unsure || document.unsure || (!document.is_json && hides_keys(text));
    }
    FirstLook { kinds: found.into_kinds(), unsure }
}

/// Whether a key of the outermost mapping may be written so that a scan cannot see it.
fn hides_keys(document: &[u8]) -> bool {
    // Keys stand in column 0, unless the first one does not; or it stands on the line of the separator.
    let first = document.split(|byte| *byte == b'\n').find(|line| has_content(line)).unwrap_or(&[]);
    let begins_aside = [&b" "[..], b"\t", b"---"].iter().any(|beginning| first.starts_with(beginning));
    begins_aside || hides_key(document) || (may_hide_later_keys(document) && hides_later_keys(document))
}

/// Whether any line but the first may begin with a key that a scan cannot see; sees more than there are.
///
/// Written without branches, so that it costs a fraction of finding every line.
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch, and branches are what this avoids")]
fn may_hide_later_keys(document: &[u8]) -> bool {
    const BLOCK: usize = 4096;
    let mark = |this: u8, next: u8| {
        let key =
            (next == b'?') | (next == b'<') | (next == b'&') | (next == b'!') | (next == b'*') | (next == b'"') | (next == 0xef);
        ((this == b'\n') & key) | ((this == b'\r') & (next != b'\n'))
    };
    let shifted = document.get(1..).unwrap_or(&[]);
    document
        .chunks(BLOCK)
        .zip(shifted.chunks(BLOCK))
        .any(|(these, next)| these.iter().zip(next).fold(false, |found, (this, next)| found | mark(*this, *next)))
}

fn hides_later_keys(document: &[u8]) -> bool {
    memchr::memchr2_iter(b'\n', b'\r', document).any(|at| {
        let rest = document.get(at + 1..).unwrap_or(&[]);
        let is_feed = document.get(at) == Some(&b'\n');
        // Only very old files end their lines by a carriage return alone, which YAML allows.
        if is_feed { hides_key(rest) } else { rest.first().is_some_and(|next| *next != b'\n') }
    })
}

/// The characters that end a line in YAML 1.1, and so for kubectl, and nowhere else: U+0085, U+2028 and U+2029.
pub(super) const OLD_BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// Whether lines may end where a scan sees no end.
fn has_old_breaks(document: &[u8]) -> bool {
    static BREAKS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| ["\u{85}", "\u{2028}", "\u{2029}"].map(Finder::new));
    !document.is_ascii() && BREAKS.iter().any(|mark| mark.find(document).is_some())
}

/// Whether a line begins with a key that a scan cannot see.
fn hides_key(line: &[u8]) -> bool {
    match line.first() {
        // A key in many words, a merge key, an anchor, a tag, a mark of byte order.
        Some(b'?' | b'<' | b'&' | b'!' | 0xef) => true,
        // The end of a comment of a template is no alias.
        Some(b'*') => !line.starts_with(b"*/"),
        Some(b'"') => line_at(line, 0).contains(&b'\\'),
        Some(_) | None => false,
    }
}

/// Whether a line says something, and is no comment.
pub(super) fn has_content(line: &[u8]) -> bool {
    line.trim_ascii().first().is_some_and(|byte| *byte != b'#')
}

/// The documents of a file: what stands between lines that begin with `---` or `...`; such a line begins what follows it.
pub(super) fn documents(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    static MARKS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| [Finder::new("\n---"), Finder::new("\n...")]);
    let mut rest = Some(bytes);
    // Where each mark is next; searched again only once it has been passed.
    let mut next = [Some(0), Some(0)];
    let mut passed = 0;
    std::iter::from_fn(move || {
        let document = rest?;
        let mut at = passed;
        loop {
            for (place, mark) in next.iter_mut().zip(&*MARKS) {
                if place.is_some_and(|place| place <= at) {
                    *place = bytes.get(at..).and_then(|rest| mark.find(rest)).map(|found| at + found + 1);
                }
            }
            let Some(line) = next.iter().flatten().min().copied() else { break };
            if bytes.get(line + 3).is_none_or(u8::is_ascii_whitespace) {
                rest = bytes.get(line..);
                return bytes.get(std::mem::replace(&mut passed, line)..line);
            }
            at = line;
        }
        rest = None;
        Some(document)
    })
}

/// The line that begins at an offset, without its line feed.
fn line_at(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or(&[]);
    memchr::memchr(b'\n', rest).and_then(|end| rest.get(..end)).unwrap_or(rest)
}

/// The lines that begin with a key, in quotes or not.
fn lines_with<'a>(key: &'a Finder<'_>, document: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    key.find_iter(document).filter_map(|at| {
        let before = document.get(..at)?;
        let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
        before.last().is_none_or(|byte| *byte == b'\n').then(|| line_at(document, before.len()))
    })
}

/// Whether the first line that says anything opens a JSON object or list, and no template.
fn is_json(document: &[u8]) -> bool {
    let mut at = 0;
    while at < document.len() {
        let line = line_at(document, at);
        match line.first() {
            Some(b'{') => return !line.starts_with(b"{{"),
            Some(b'[') => return true,
            Some(b' ' | b'\r' | b'#' | b'%') | None => at += line.len() + 1,
            // The mark itself; what it is followed by on its line is no JSON to us.
            Some(b'-') if at == 0 && line.starts_with(b"---") => at += line.len() + 1,
            Some(b'.') if at == 0 && line.starts_with(b"...") => at += line.len() + 1,
            Some(_) => return false,
        }
    }
    false
}

/// What was seen of one object.
#[derive(Default)]
pub(super) struct Document<'a> {
    groups: Vec<&'a [u8]>,
    kinds: Vec<&'a [u8]>,
    is_json: bool,
    /// Whether there may be more than the scan can see.
    unsure: bool,
}

impl<'a> Document<'a> {
    fn of(document: &'a [u8]) -> Self {
        static KEYS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| [Finder::new("apiVersion"), Finder::new("kind")]);
        let mut read = Self { is_json: is_json(document), ..Self::default() };
        if !read.is_json {
            for key in &*KEYS {
                lines_with(key, document).for_each(|line| read.read_key(line));
            }
        }
        read
    }

    /// Takes a line that begins with a key.
    fn read_key(&mut self, line: &'a [u8]) {
        if let Some(value) = value_of(line, b"apiVersion") {
            self.add_version(scalar(value));
        } else if let Some(value) = value_of(line, b"kind") {
            self.add_kind(scalar(value));
        }
    }

    /// Takes the value of `apiVersion`.
    pub(super) fn add_version(&mut self, version: &'a [u8]) {
        let group = if is_template(version) { Some(UNKNOWN_GROUP.as_bytes()) } else { group_of(version) };
        self.unsure |= group.is_none();
        add(&mut self.groups, group);
    }

    /// Takes the value of `kind`.
    pub(super) fn add_kind(&mut self, kind: &'a [u8]) {
        self.unsure |= !is_plausible_kind(kind) && !is_template(kind);
        add(&mut self.kinds, is_plausible_kind(kind).then_some(kind));
    }

    /// Says that a part could not be read.
    pub(super) fn doubt(&mut self) {
        self.unsure = true;
    }

    /// Whether there may be more than was seen.
    pub(super) fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// Whether both halves of a kind were seen.
    pub(super) fn is_object(&self) -> bool {
        !self.groups.is_empty() && !self.kinds.is_empty()
    }

    /// Whether the object holds others: `List`, `RoleList`, a `Template`.
    pub(super) fn holds_objects(&self) -> bool {
        self.kinds.iter().any(|kind| kind.ends_with(b"List") || *kind == b"Template")
    }

    /// Writes down every combination of group and kind.
    pub(super) fn emit(&self, found: &mut Found<'a>) {
        for group in &self.groups {
            for kind in &self.kinds {
                found.add(group, kind);
            }
        }
    }

    fn finish(&mut self, document: &'a [u8], found: &mut Found<'a>) {
        if self.is_json {
            self.unsure |= json::scan(document, found);
            return;
        }
        self.emit(found);
        if !self.groups.is_empty() && self.holds_objects() {
            scan_items(document, found);
        }
    }
}

/// Whether a text can be a kind: a letter, then letters and digits.
pub(super) fn is_plausible_kind(kind: &[u8]) -> bool {
    kind.first().is_some_and(u8::is_ascii_alphabetic) && kind.len() <= 128 && kind.iter().all(u8::is_ascii_alphanumeric)
}

fn add<'a>(values: &mut Vec<&'a [u8]>, value: Option<&'a [u8]>) {
    if let Some(value) = value
        && values.len() < MAX_ALTERNATIVES
        && !values.contains(&value)
    {
        values.push(value);
    }
}

/// Reads the items of a list: keys stand two columns after the first dash below `items:` or `objects:`.
fn scan_items<'a>(document: &'a [u8], found: &mut Found<'a>) {
    let mut item = Document::default();
    let mut inside = false;
    let mut dash_column = None;
    for line in document.split(|byte| *byte == b'\n') {
        let column = line.iter().take_while(|byte| **byte == b' ').count();
        let text: &'a [u8] = line.get(column..).unwrap_or(&[]);
        if let Some(rest) = text.strip_prefix(b"- ").filter(|_| inside && dash_column.is_none_or(|dash| dash == column)) {
            dash_column = Some(column);
            std::mem::take(&mut item).emit(found);
            item.read_key(rest.trim_ascii_start());
        } else if column == 0 && !text.is_empty() && !text.starts_with(b"#") {
            inside = value_of(text, b"items").is_some() || value_of(text, b"objects").is_some();
        } else if inside && dash_column.is_some_and(|dash| dash + 2 == column) {
            item.read_key(text);
        }
    }
    item.emit(found);
}

/// The rest of a line after `key:`, `"key":` or `'key':`.
fn value_of<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let rest = match line.first()? {
        quote @ (b'"' | b'\'') => line.get(1..)?.strip_prefix(key)?.strip_prefix(&[*quote])?,
        _ => line.strip_prefix(key)?,
    };
    let rest = rest.trim_ascii_start().strip_prefix(b":")?;
    rest.first().is_none_or(u8::is_ascii_whitespace).then_some(rest)
}

/// A scalar without quotes, comment, anchor and tag.
fn scalar(value: &[u8]) -> &[u8] {
    let mut value = value.trim_ascii();
    while let Some(b'&' | b'!') = value.first() {
        let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
        value = value.get(end..).unwrap_or(&[]).trim_ascii_start();
    }
    if let Some(quote @ (b'"' | b'\'')) = value.first() {
        let inner = value.get(1..).unwrap_or(&[]);
        return inner.split(|byte| byte == quote).next().unwrap_or(&[]);
    }
    if is_template(value) {
        return value;
    }
    value.split(u8::is_ascii_whitespace).next().unwrap_or(&[])
}

/// Whether a template engine or a substitution decides the value.
pub(super) fn is_template(value: &[u8]) -> bool {
    value.windows(2).any(|pair| matches!(pair, b"{{" | b"${" | b"{%" | b"%%"))
}

/// The group of `group/version`; a lone version such as `v1` is of the core group.
pub(super) fn group_of(version: &[u8]) -> Option<&[u8]> {
    let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'/');
    if version.is_empty() || version.len() > 320 || !version.iter().all(allowed) {
        return None;
    }
    let mut parts = version.splitn(2, |byte| *byte == b'/');
    match (parts.next(), parts.next()) {
        (Some(group), Some(_)) => Some(group),
        (Some(_), None) => Some(b""),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<String> {
        scan(text.as_bytes()).iter().map(|found| format!("{}/{}", found.group, found.kind)).collect()
    }

    #[test]
    fn documents_are_told_apart() {
        let text = "apiVersion: v1\nkind: Namespace\n--- # second\r\n\"apiVersion\": \"apps/v1\"\r\nkind: 'Deployment' # x\r\n\
                    ---\n# only a comment\n---\n---x\nkind: NoVersion\n...\nkind: &a Policy\napiVersion: !!str kyverno.io/v1\n";
        assert_eq!(kinds(text), ["/Namespace", "apps/Deployment", "kyverno.io/Policy"]);
        assert_eq!(kinds("\u{feff}kind: Pod\napiVersion: v1"), ["/Pod"]);
    }

    #[test]
    fn nested_keys_values_files_and_garbage_are_no_objects() {
        for text in
            ["", "kind: DaemonSet\nimage: x\n", "a:\n  apiVersion: v1\n  kind: Pod\n", "apiVersion:\nkind:\n", "- kind: x\n"]
        {
            assert!(kinds(text).is_empty(), "{text}");
        }
        assert!(kinds("apiVersion: v1\nkinds: Pod\nkind:Pod\nkind: Ü\n").is_empty());
        assert!(scan(b"\xff\xfe\0---\n\xffapiVersion: v1\nkind: \xff").is_empty());
    }

    #[test]
    fn templates_give_what_they_show() {
        let text = "{{- if .Values.x }}\napiVersion: {{ include \"np.version\" . }}\nkind: NetworkPolicy\n---\n\
                    apiVersion: rbac.authorization.k8s.io/v1\n{{ if .c }}\nkind: ClusterRole\n{{ else }}\nkind: Role\n{{ end }}\n---\n\
                    apiVersion: v1\nkind: {{ .Values.kind }}\n---\napiVersion: v1\nkind: ${KIND}\n";
        assert_eq!(kinds(text), ["?/NetworkPolicy", "rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/Role"]);
    }

    #[test]
    fn lists_and_templates_are_opened() {
        let list = "apiVersion: v1\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  spec:\n    kind: Inner\n    list:\n    - kind: Deep\n\
                    - kind: Role\n  apiVersion: rbac.authorization.k8s.io/v1\nkind: List\n";
        assert_eq!(kinds(list), ["/List", "apps/Deployment", "rbac.authorization.k8s.io/Role"]);
        let template = "kind: Template\napiVersion: template.openshift.io/v1\nobjects:\n  - apiVersion: v1\n    kind: Secret\nparameters:\n  - kind: x\n";
        assert_eq!(kinds(template), ["/Secret", "template.openshift.io/Template"]);
    }

    #[test]
    fn what_a_scan_cannot_see_is_in_doubt() {
        let unsure = |text: &str| look(text.as_bytes()).unsure;
        for text in [
            "{apiVersion: v1, kind: Pod}",
            "{\"kind\": Pod, \"apiVersion\": v1}",
            "{\"k\\u0069nd\": \"Pod\"}",
            "{'kind': 'Pod'}",
            " apiVersion: v1\n kind: Pod\n",
            "# c\n\tkind: Pod\n",
            "apiVersion: v1\nkind:\n  Pod\n",
            "apiVersion: v1\nkind: >-\n  Pod\n",
            "apiVersion: v1\nkind: *kind\n",
            "a: &a {kind: Pod}\n<<: *a\n",
            "? kind\n: Pod\n",
            "\"k\\x69nd\": Pod\n",
            "!!map\nkind: Pod\n",
            "--- {kind: Pod}\n",
            "&a kind: Pod\n",
            "kind: \"Po\\x64\"\napiVersion: v1\n",
            "a: 1\rkind: Pod\r",
            "{\"apiVersion\": \"v1\", \"kind\": \"Pod\"",
        ] {
            assert!(unsure(text), "{text:?}");
        }
        for text in [
            "apiVersion: v1\r\nkind: Pod\r\nx:\r\n- &a b\r\n",
            "a: \"\\x\"\nb:\n  kind: x\n",
            "# <\n\na: b\n",
            "- op: add\n",
            "[1, 2]",
            "{\"a\": [true, 1], \"b\": {\"k\\u0069nd\": 1}, \"c\": null}",
            "kind: {{ .kind }}\n",
            "name: x\nversion: 1\n",
        ] {
            assert!(!unsure(text), "{text:?}");
        }
    }

    #[test]
    fn json_is_read_likewise() {
        let text = r#"{"metadata": {"kind": "No"}, "apiVersion": "v1", "kind": "List", "x": "a\"{", "items": [
            {"kind": "Pod", "apiVersion": "v1", "spec": {"kind": "No"}}, {"apiVersion": "apps/v1", "kind": "Deployment"}]}"#;
        assert_eq!(kinds(text), ["/List", "/Pod", "apps/Deployment"]);
        assert!(kinds("{\"kind\": \"Pod\"").is_empty());
        assert!(kinds(&"[{".repeat(100_000)).is_empty());
    }
}
