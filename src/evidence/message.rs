//! A commit message cut into lines, with the regions that only quote something else, and those that nobody sees.

use std::ops::Range;

/// A message without the blank lines before its subject.
#[derive(Debug)]
pub(super) struct Message<'a> {
    /// The text from the subject on.
    pub text: &'a str,
    /// Its lines; the subject is line 1.
    pub lines: Vec<Line<'a>>,
    /// Byte ranges that quote another change, a mail or code, in order.
    quotations: Vec<Range<usize>>,
    /// Byte ranges that a reader is not shown, in order.
    unseen: Vec<Range<usize>>,
}

/// One line of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Where it starts in the message, in bytes.
    pub start: usize,
    /// Its text without the line end.
    pub text: &'a str,
}

impl<'a> Message<'a> {
    /// Cuts a message into lines.
    pub fn new(raw: &'a str) -> Self {
        let text = without_leading_blank_lines(raw);
        let mut start = 0;
        let mut lines = Vec::with_capacity(16);
        for piece in text.split_inclusive('\n') {
            let line = piece.strip_suffix('\n').unwrap_or(piece);
            lines.push(Line { start, text: line.strip_suffix('\r').unwrap_or(line) });
            start += piece.len();
        }
        let quotations = quotations_of(&lines);
        let unseen = unseen_of(text);
        Self { text, lines, quotations, unseen }
    }

    /// The first line, trimmed.
    pub fn subject(&self) -> &'a str {
        self.lines.first().map_or("", |line| line.text.trim())
    }

    /// The lines after the first one, each with its number.
    pub fn body(&self) -> impl Iterator<Item = (u32, Line<'a>)> {
        self.numbered().skip(1)
    }

    /// Every line with its number, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, Line<'a>)> {
        (1..).zip(self.lines.iter().copied())
    }

    /// The line of this index, from 0, with its number.
    pub fn line(&self, index: usize) -> Option<(u32, Line<'a>)> {
        Some((u32::try_from(index + 1).ok()?, *self.lines.get(index)?))
    }

    /// The number of the line that holds this byte.
    pub fn line_at(&self, offset: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|line| line.start <= offset)).unwrap_or(u32::MAX).max(1)
    }

    /// Whether this byte belongs to a quotation: of another change, of a mail, of code.
    pub fn is_quoted(&self, offset: usize) -> bool {
        is_within(&self.quotations, offset)
    }

    /// Whether a reader of the message is not shown this byte: git ends a message at a NUL byte, and a forge renders no
    /// comment of its templates.
    pub fn is_unseen(&self, offset: usize) -> bool {
        is_within(&self.unseen, offset)
    }

    /// Whether the line of this number starts inside a quotation of another change.
    pub fn is_line_quoted(&self, number: u32) -> bool {
        if self.quotations.is_empty() {
            return false;
        }
        let line = usize::try_from(number).ok().and_then(|number| self.lines.get(number.checked_sub(1)?));
        line.is_some_and(|line| self.is_quoted(line.start))
    }
}

fn is_within(ranges: &[Range<usize>], offset: usize) -> bool {
    let before = ranges.partition_point(|range| range.start <= offset);
    before.checked_sub(1).and_then(|last| ranges.get(last)).is_some_and(|range| range.contains(&offset))
}

/// From the first NUL byte on, and each `<!-- … -->`.
fn unseen_of(text: &str) -> Vec<Range<usize>> {
    let shown = text.find('\0').unwrap_or(text.len());
    let mut unseen = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..shown).and_then(|rest| rest.find("<!--")).map(|found| at + found) {
        let Some(length) = text.get(open..shown).and_then(|rest| rest.find("-->")) else { break };
        at = open + length;
        unseen.push(open..at);
    }
    if shown < text.len() {
        unseen.push(shown..text.len());
    }
    unseen
}

fn without_leading_blank_lines(raw: &str) -> &str {
    let blank = raw.len() - raw.trim_start().len();
    let start = raw.get(..blank).and_then(|blank| blank.rfind('\n')).map_or(0, |end| end + 1);
    raw.get(start..).unwrap_or(raw)
}

/// How a line opens a quotation.
enum Opening {
    /// Part of the line, from and to these bytes of it.
    Title(usize, usize),
    /// The line only.
    Line,
    /// The line and the rest of its paragraph.
    Paragraph,
    /// Everything up to the last paragraph.
    Message,
    /// The lines up to the end of a block of code, if it ends.
    Fence,
}

fn quotations_of(lines: &[Line<'_>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open_until = 0;
    let mut fences = Fences::default();
    for (index, line) in lines.iter().enumerate() {
        let whole = line.start..line.start + line.text.len();
        if line.start < open_until {
            continue;
        }
        if line.text.starts_with('>') {
            found.push(whole);
            continue;
        }
        match opening(line.text).or_else(|| reverted_header(lines, index)) {
            None => {}
            Some(Opening::Fence) => {
                open_until = fences.end(lines, index);
                found.push(line.start..open_until.max(line.start));
            }
            Some(Opening::Title(from, to)) => found.push(line.start + from..line.start + to),
            Some(Opening::Line) => found.push(whole),
            Some(Opening::Paragraph) => {
                open_until = end_of_paragraph(lines, index);
                found.push(line.start..open_until);
            }
            Some(Opening::Message) => {
                open_until = end_of_quoted_message(lines, index);
                found.push(line.start..open_until);
            }
        }
    }
    found.retain(|range| !range.is_empty());
    found
}

fn opening(line: &str) -> Option<Opening> {
    let text = line.trim_start_matches(['*', '-', ' ', '\t']);
    let indent = line.len() - text.len();
    if fence(line).is_some() {
        return Some(Opening::Fence);
    }
    if !matches!(text.as_bytes().first()?.to_ascii_lowercase(), b'r' | b'o' | b't' | b'b' | b'u' | b'c' | b'f') {
        return None;
    }
    if names_another_change(text) {
        return quoted_title(text).map(|(from, to)| Opening::Title(indent + from, indent + to));
    }
    if starts_with_any(text, &["Original commit changeset:", "Original Phabricator Diff:"]) {
        return Some(Opening::Line);
    }
    if starts_with_any(
        text,
        &["Original commit", "Original change", "Original message", "Original description", "Original Summary"],
    ) && text.trim_end().ends_with(':')
    {
        return Some(Opening::Message);
    }
    let relands = ["Relanding of ", "Relands ", "This is a reland of ", "This relands ", "Reland of ", "Original change: "];
    starts_with_any(text, &relands).then_some(Opening::Paragraph)
}

/// The sign of a block of code and how often it stands there.
fn fence(line: &str) -> Option<(u8, usize)> {
    const SHORTEST: usize = 3;
    let text = line.trim_start_matches(' ');
    let sign = *text.as_bytes().first().filter(|sign| matches!(sign, b'`' | b'~'))?;
    let length = text.bytes().take_while(|byte| *byte == sign).count();
    (length >= SHORTEST && line.len() - text.len() <= SHORTEST).then_some((sign, length))
}

/// The signs that were seen to close no block of code from some line on: they need not be looked for again.
#[derive(Default)]
struct Fences {
    unclosed: Vec<(u8, usize)>,
}

impl Fences {
    /// Where the block of code that opens on this line ends; 0 where nothing closes it, so that it is none.
    fn end(&mut self, lines: &[Line<'_>], index: usize) -> usize {
        /// Longer rows of signs are not told apart, which bounds how often a message is searched.
        const LONGEST: usize = 16;
        let Some((sign, length)) = lines.get(index).and_then(|line| fence(line.text)) else { return 0 };
        let length = length.min(LONGEST);
        if self.unclosed.iter().any(|(known, shortest)| *known == sign && length >= *shortest) {
            return 0;
        }
        let closes = |line: &&Line<'_>| {
            fence(line.text).is_some_and(|(other, count)| other == sign && count >= length && count == line.text.trim().len())
        };
        let end = lines.iter().skip(index + 1).find(closes).map(|line| line.start + line.text.len());
        if end.is_none() {
            self.unclosed.push((sign, length));
        }
        end.unwrap_or(0)
    }
}

/// `revert: feat: …` with `This reverts commit …` below: the reverted change's whole title, as conventional commits have it.
fn reverted_header(lines: &[Line<'_>], index: usize) -> Option<Opening> {
    const WORD: &str = "revert: ";
    let line = lines.first().filter(|line| index == 0 && starts_with_any(line.text, &[WORD]))?;
    let says_so = lines.iter().any(|line| starts_with_any(line.text, &["This reverts commit "]));
    says_so.then_some(Opening::Title(WORD.len(), line.text.len()))
}

/// Whether a line says that another change is taken back, brought back, taken over or repaired, and may quote its title.
fn names_another_change(text: &str) -> bool {
    starts_with_any(
        text,
        &[
            "Revert ",
            "Reverts ",
            "Reverted ",
            "Reverting ",
            "Revert: ",
            "Revert^",
            "Reapply ",
            "Reland ",
            "Unrevert ",
            "Undo ",
            "Back out ",
            "Backout ",
            "Backed out ",
            "Rollback ",
            "Roll back ",
            "This reverts ",
            "Cherry-pick ",
            "Cherry pick ",
            "Cherry-picked ",
            "Cherry-pick: ",
            "Backport ",
            "Backport: ",
            "Backported ",
        ],
    ) || repairs_a_commit(text)
}

/// `Fixes: 0123456 ("title")`, as the kernel's developers name the commit that was wrong.
fn repairs_a_commit(text: &str) -> bool {
    let Some(rest) = text.get("Fixes: ".len()..).filter(|_| starts_with_any(text, &["Fixes: "])) else { return false };
    let id = rest.split(' ').next().unwrap_or_default();
    id.len() >= 7 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn quoted_title(text: &str) -> Option<(usize, usize)> {
    if let Some(open) = text.find(['"', '\u{201c}']) {
        let end = text.rfind(['"', '\u{201d}']).filter(|&end| end > open).unwrap_or(text.len());
        return Some((open, end));
    }
    // `Revert D123: title`, `Revert !12: title`
    let (first, rest) = text.split_once(": ")?;
    let names_a_change = first.split(' ').nth(1).is_some_and(|word| is_change_number(word) && first.matches(' ').count() == 1);
    names_a_change.then_some((text.len() - rest.len(), text.len()))
}

fn is_change_number(word: &str) -> bool {
    let digits = word.trim_start_matches(['D', '!', '#']);
    !digits.is_empty() && digits.len() < word.len() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn end_of_paragraph(lines: &[Line<'_>], index: usize) -> usize {
    let rest = lines.get(index..).unwrap_or(&[]);
    let last = rest.iter().take_while(|line| !line.text.trim().is_empty()).last();
    last.map_or(0, |line| line.start + line.text.len())
}

/// A quoted message is marked by `>`, or goes on up to the last paragraph, which is the new change's own.
fn end_of_quoted_message(lines: &[Line<'_>], index: usize) -> usize {
    let after = lines.get(index + 1..).unwrap_or(&[]);
    let first = after.iter().find(|line| !line.text.trim().is_empty());
    if first.is_some_and(|line| line.text.starts_with('>')) {
        let marked = after.iter().take_while(|line| line.text.trim().is_empty() || line.text.starts_with('>'));
        return marked.last().map_or(0, |line| line.start + line.text.len());
    }
    let content = after.iter().rposition(|line| !line.text.trim().is_empty()).unwrap_or(0);
    let last_blank = after.get(..content).and_then(|lines| lines.iter().rposition(|line| line.text.trim().is_empty()));
    last_blank.filter(|&blank| blank > 0).and_then(|blank| after.get(blank)).or(after.get(content)).map_or(0, |line| line.start)
}

fn starts_with_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::Message;

    fn quoted<'a>(text: &'a str, words: &[&'a str]) -> Vec<&'a str> {
        let message = Message::new(text);
        words.iter().copied().filter(|word| text.find(word).is_some_and(|at| message.is_quoted(at))).collect()
    }

    #[test]
    fn a_reverted_title_is_a_quotation_and_its_reason_is_not() {
        let text = "Revert \"SEC-1 foo (#12)\" (#13)\n\nThis reverts commit 0123456.\nReason: SEC-2\n";
        assert_eq!(quoted(text, &["SEC-1", "#12", "#13", "SEC-2"]), ["SEC-1", "#12"]);
        assert_eq!(quoted("* Revert \"SEC-1\"\n* SEC-2\n", &["SEC-1", "SEC-2"]), ["SEC-1"]);
        assert_eq!(quoted("Revert D85681528: SEC-1\n\nSEC-2", &["SEC-1", "SEC-2"]), ["SEC-1"]);
    }

    #[test]
    fn an_original_message_is_a_quotation_up_to_the_last_paragraph() {
        let angled = "Revert \"x\"\n\nSEC-1\n\nOriginal change's description:\n> SEC-2\n>\n> Reviewed-by: A\n\nBug: SEC-3\n";
        assert_eq!(quoted(angled, &["SEC-1", "SEC-2", "Reviewed-by: A", "SEC-3"]), ["SEC-2", "Reviewed-by: A"]);
        let plain = "Reland it\n\nSEC-1\n\nOriginal commit message:\nSEC-2\n\nSEC-4\n\nBug: SEC-3\n";
        assert_eq!(quoted(plain, &["SEC-1", "SEC-2", "SEC-4", "SEC-3"]), ["SEC-2", "SEC-4"]);
        let glued = "x\n\nFixes #1\n\nRelanding of CL 2, broken.\nReviewed-by: A\n\nReviewed-by: B\n";
        assert_eq!(quoted(glued, &["#1", "Reviewed-by: A", "Reviewed-by: B"]), ["Reviewed-by: A"]);
    }

    #[test]
    fn mails_code_and_titles_of_other_commits_are_quotations() {
        assert_eq!(quoted("x\n\n> SEC-1\nSEC-2\n", &["SEC-1", "SEC-2"]), ["SEC-1"]);
        let fenced = "x\n\n```\nSEC-1\n~~~\nSEC-2\n```\nSEC-3\n\n```\nSEC-4\n";
        assert_eq!(quoted(fenced, &["SEC-1", "SEC-2", "SEC-3", "SEC-4"]), ["SEC-1", "SEC-2"]);
        assert_eq!(quoted("x\n\nFixes: 0123456 (\"SEC-1 y\")\nFixes: SEC-2\n", &["SEC-1", "SEC-2"]), ["SEC-1"]);
        assert_eq!(quoted("Backport \"SEC-1\" for SEC-2", &["SEC-1", "SEC-2"]), ["SEC-1"]);
        assert_eq!(quoted("Backport SEC-1", &["SEC-1"]), Vec::<&str>::new());
        assert_eq!(quoted("revert: SEC-1\n\nThis reverts commit 0123456.\nSEC-2", &["SEC-1", "SEC-2"]), ["SEC-1"]);
        assert_eq!(quoted("revert: SEC-1", &["SEC-1"]), Vec::<&str>::new());
    }

    #[test]
    fn what_git_or_a_forge_does_not_show_is_unseen() {
        let text = "x SEC-1\n\n<!-- such as SEC-2\nor SEC-3 --> SEC-4 <!-- SEC-5\n\0SEC-6 -->";
        let message = Message::new(text);
        let seen = |word: &str| text.find(word).is_some_and(|at| !message.is_unseen(at));
        assert_eq!(["SEC-1", "SEC-2", "SEC-3", "SEC-4", "SEC-5", "SEC-6"].map(seen), [true, false, false, true, true, false]);
    }

    #[test]
    fn lines_count_from_the_subject() {
        let message = Message::new("\n \n  subject\r\n\r\nbody");
        assert_eq!(message.subject(), "subject");
        assert_eq!(message.body().map(|(number, line)| (number, line.text)).collect::<Vec<_>>(), [(2, ""), (3, "body")]);
        assert_eq!(message.line_at(message.text.len() - 1), 3);
    }
}
