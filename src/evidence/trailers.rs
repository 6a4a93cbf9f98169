//! Trailers exactly as git reads them, and lines of the same shape elsewhere in the message.
//!
//! The rules are those of git's `trailer.c` with its default settings (`git interpret-trailers --no-divider`).

use std::ops::Range;

use super::Trailer;
use super::message::{Line, Message};

/// Every trailer and trailer-like line, in order, and the byte range that git takes for the trailer block.
pub(super) fn read(message: &Message<'_>) -> (Vec<Trailer>, Range<usize>) {
    let block = block_of(message.text);
    let mut found = Vec::new();
    let before = message.lines.partition_point(|line| line.start < block.start);
    let until = message.lines.partition_point(|line| line.start < block.end);
    read_mentions(message, 0..before, usize::MAX, &mut found);
    if !block.is_empty() {
        read_block(message, before..until, block.end, &mut found);
    }
    read_mentions(message, until.max(before)..message.lines.len(), usize::MAX, &mut found);
    (found, block)
}

fn read_block(message: &Message<'_>, range: Range<usize>, end: usize, found: &mut Vec<Trailer>) {
    let mut lines = message.numbered().skip(range.start).take(range.len()).peekable();
    while let Some((number, line)) = lines.next() {
        // A NUL ends the message for git, and with it the last line.
        let text = line.text.get(..end.saturating_sub(line.start)).unwrap_or(line.text);
        let Some((key, value)) = split_trailer(text) else {
            read_mentions(message, index_of(number)..range.end, 1, found);
            continue;
        };
        let mut value = value.to_owned();
        // git looks at the line with its end, so that a blank line goes on with the trailer above it.
        while let Some((_, more)) = lines.next_if(|(_, line)| line.text.bytes().next().is_none_or(is_space)) {
            let more = more.text.get(..end.saturating_sub(more.start)).unwrap_or(more.text);
            value.push(' ');
            value.push_str(more.trim_start_matches([' ', '\t', '\r']));
        }
        if !text.starts_with('#') {
            found.push(Trailer { key: key.into(), value: trim(&value).into(), line: number, in_block: true });
        }
    }
}

fn split_trailer(line: &str) -> Option<(&str, &str)> {
    let separator = find_separator(line.as_bytes()).filter(|&at| at >= 1)?;
    Some((trim(line.get(..separator)?), line.get(separator + 1..)?.trim_start_matches([' ', '\t', '\r'])))
}

fn index_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1)
}

/// Reads so many lines of the range; their values may go on below.
fn read_mentions(message: &Message<'_>, range: Range<usize>, count: usize, found: &mut Vec<Trailer>) {
    for (number, line) in (range.start..).map_while(|index| message.line(index)).take(count.min(range.len())) {
        let Some((key, value)) = split_mention(line.text) else { continue };
        let rest = message.lines.get(index_of(number) + 1..range.end).unwrap_or(&[]);
        let value = fold_mention(key, value, rest);
        found.push(Trailer { key: key.into(), value: value.into(), line: number, in_block: false });
    }
}

fn split_mention(line: &str) -> Option<(&str, &str)> {
    const LONGEST: usize = 28;
    if !line.as_bytes().first()?.is_ascii_alphabetic() {
        return None;
    }
    let colon = line.bytes().take(LONGEST).position(|byte| byte == b':')?;
    let key = line.get(..colon)?.trim_end();
    KNOWN_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)).then_some(())?;
    Some((key, line.get(colon + 1..)?.trim()))
}

/// Joins indented lines, the line after a comma, and for the fields of a review tool the line after an empty value.
fn fold_mention<'a>(key: &str, value: &'a str, rest: &[Line<'a>]) -> String {
    let mut folded = value.to_owned();
    for (index, line) in rest.iter().enumerate() {
        let is_indented = line.text.starts_with([' ', '\t']);
        let is_list = folded.ends_with(',') && !value.is_empty();
        let is_field = index == 0 && folded.is_empty() && FIELDS.iter().any(|field| field.eq_ignore_ascii_case(key));
        let goes_on = is_indented || ((is_list || is_field) && split_mention(line.text).is_none());
        let text = line.text.trim();
        if text.is_empty() || !goes_on {
            break;
        }
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(text);
    }
    folded
}

/// Fields of a review tool that may have their value on the next line.
const FIELDS: &[&str] = &["reviewed by", "reviewers", "differential revision", "tasks", "maniphest tasks"];

/// Keys that are worth noting outside the trailer block, without regard to case.
const KNOWN_KEYS: &[&str] = &[
    "acked-by",
    "ack-by",
    "approved-by",
    "approved by",
    "assisted-by",
    "author",
    "auto-submit",
    "break-glass",
    "bug",
    "bugs",
    "change-id",
    "closes",
    "closes-bug",
    "co-authored-by",
    "co-developed-by",
    "commit-queue",
    "depends-on",
    "differential revision",
    "emergency",
    "emergency-change",
    "fix",
    "fixes",
    "for",
    "github-pull-request",
    "helped-by",
    "implements",
    "incident",
    "issue",
    "issue-id",
    "issues",
    "jira",
    "jira-id",
    "jira-issue",
    "jira-ticket",
    "jira-url",
    "maniphest tasks",
    "merged-by",
    "original-change-id",
    "partial-bug",
    "pr-url",
    "pull-request",
    "ref",
    "references",
    "refs",
    "related",
    "related work items",
    "related-bug",
    "related-to",
    "relates-to",
    "reported-by",
    "resolves",
    "reviewed by",
    "reviewed-by",
    "reviewed-on",
    "reviewer",
    "reviewers",
    "run-trybot",
    "see-also",
    "signed-off-by",
    "story",
    "submitted-by",
    "suggested-by",
    "task",
    "tasks",
    "tested-by",
    "ticket",
    "tickets",
    "trybot-result",
    "updates",
    "work-item",
    "work-items",
    "workitem",
];

/// The bytes that git takes for the trailer block; empty when it sees none.
fn block_of(text: &str) -> Range<usize> {
    let bytes = text.as_bytes();
    // git's strings end at a NUL.
    let bytes = bytes.iter().position(|&byte| byte == 0).and_then(|end| bytes.get(..end)).unwrap_or(bytes);
    let end = end_of_message(bytes);
    let bytes = bytes.get(..end).unwrap_or(bytes);
    start_of_block(bytes)..bytes.len()
}

/// Where the message ends before trailing blank lines, comments and a list of conflicts.
fn end_of_message(bytes: &[u8]) -> usize {
    let cutoff = end_before_scissors(bytes);
    let mut start_of_tail = 0;
    let mut in_conflicts = false;
    let mut at = 0;
    while at < cutoff {
        let line = bytes.get(at..).unwrap_or(&[]);
        let next = line.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| at + end + 1);
        if line.first().is_some_and(|&byte| byte == b'#' || byte == b'\n') {
            // Zero stands for "none yet", as in git: a tail cannot start at the first line.
            start_of_tail = if start_of_tail == 0 { at } else { start_of_tail };
        } else if line.starts_with(b"Conflicts:\n") {
            in_conflicts = true;
            start_of_tail = if start_of_tail == 0 { at } else { start_of_tail };
        } else if !(in_conflicts && line.first() == Some(&b'\t')) && start_of_tail != 0 {
            start_of_tail = 0;
            in_conflicts = false;
        }
        at = next;
    }
    if start_of_tail == 0 { cutoff } else { start_of_tail }
}

fn end_before_scissors(bytes: &[u8]) -> usize {
    const SCISSORS: &[u8] = b"# ------------------------ >8 ------------------------\n";
    let mut at = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if line == SCISSORS {
            return at;
        }
        at += line.len();
    }
    bytes.len()
}

/// Counts of the lines of a paragraph, read from its end.
#[derive(Default)]
struct Paragraph {
    trailers: usize,
    others: usize,
    possible_continuations: usize,
    has_generated: bool,
}

impl Paragraph {
    fn add(&mut self, line: &[u8]) {
        const GENERATED: [&[u8]; 2] = [b"Signed-off-by: ", b"(cherry picked from commit "];
        let is_indented = line.first().is_some_and(|&byte| is_space(byte));
        if GENERATED.iter().any(|prefix| line.starts_with(prefix)) {
            self.has_generated = true;
            self.add_trailer();
        } else if !is_indented && find_separator(line).is_some_and(|at| at >= 1) {
            self.add_trailer();
        } else if is_indented {
            self.possible_continuations += 1;
        } else {
            self.others += 1;
            self.settle_continuations();
        }
    }

    fn add_trailer(&mut self) {
        self.trailers += 1;
        self.possible_continuations = 0;
    }

    fn settle_continuations(&mut self) {
        self.others += std::mem::take(&mut self.possible_continuations);
    }

    fn is_block(&self) -> bool {
        (self.has_generated && self.trailers * 3 >= self.others) || (self.trailers > 0 && self.others == 0)
    }
}

fn start_of_block(bytes: &[u8]) -> usize {
    let end_of_title = end_of_title(bytes);
    let mut paragraph = Paragraph::default();
    let mut only_blank = true;
    let mut end = bytes.len();
    while end > 0 {
        let start = start_of_last_line(bytes.get(..end).unwrap_or(&[]));
        let line = bytes.get(start..end).unwrap_or(&[]);
        if start < end_of_title {
            break;
        }
        end = start;
        if line.first() == Some(&b'#') {
            paragraph.settle_continuations();
        } else if !is_blank(line) {
            only_blank = false;
            paragraph.add(line);
        } else if !only_blank {
            paragraph.settle_continuations();
            return if paragraph.is_block() { start + line.len() } else { bytes.len() };
        }
    }
    bytes.len()
}

fn end_of_title(bytes: &[u8]) -> usize {
    let mut at = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if line.first() != Some(&b'#') && is_blank(line) {
            break;
        }
        at += line.len();
    }
    at
}

fn start_of_last_line(bytes: &[u8]) -> usize {
    let before_end = bytes.get(..bytes.len().saturating_sub(1)).unwrap_or(&[]);
    before_end.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|&byte| is_space(byte))
}

/// Where the colon after a key stands, if the line starts like a trailer.
fn find_separator(line: &[u8]) -> Option<usize> {
    let mut after_space = false;
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            b':' => return Some(at),
            b' ' | b'\t' if at > 0 => after_space = true,
            b'-' if !after_space => {}
            _ if !after_space && byte.is_ascii_alphanumeric() => {}
            _ => return None,
        }
    }
    None
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::super::message::Message;

    fn ours(text: &str) -> Vec<String> {
        let (trailers, _) = super::read(&Message::new(text));
        trailers.iter().filter(|t| t.in_block).map(|t| format!("{}: {}", t.key, t.value).trim_end().to_owned()).collect()
    }

    fn gits(text: &str) -> std::io::Result<Vec<String>> {
        let mut git = Command::new("git")
            .args(["-c", "core.commentChar=#", "interpret-trailers", "--parse", "--no-divider"])
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        git.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text.as_bytes()))?;
        let output = git.wait_with_output()?;
        // The `\r` of a folded line stays in git's value; here it belongs to the line end.
        let printed = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        Ok(printed.lines().map(|line| line.trim_end().to_owned()).collect())
    }

    #[test]
    fn git_is_the_referee() -> std::io::Result<()> {
        let cases = [
            "subject only: not a trailer\n",
            "s\n\nA: 1\nB: 2\n",
            "s\n\nA: 1\nB: 2",
            "s\n\nbody\nA: 1\n",
            "s\n\nbody\n\nSigned-off-by: A <a@b>\nprose\nprose\nprose\n",
            "s\n\nbody\n\nSigned-off-by: A <a@b>\nprose\nprose\nprose\nprose\n",
            "s\n\nprose\nSigned-off-by: A <a@b>\nB: 2\n",
            "s\n\nA: 1\n(cherry picked from commit 0123)\nB: 2\n",
            "s\n\nprose one\nprose\n(cherry picked from commit 0123)\n",
            "s\n\nA: 1\n  folded\n\tmore\nB: 2\n",
            "s\n\n  indented\nA: 1\n",
            "s\n\nA: 1\nprose\n  indented\n",
            "s\n\nA: 1\n# comment\nB: 2\n# end\n\n\n",
            "s\n\nA: 1\n#key: comment\n folded\nB: 2\n",
            "# c\ns\n\nA: 1\n",
            "s\r\n\r\nA: 1\r\nB: 2\r\n",
            "s\r\n\r\nbody\r\n\r\nA: 1\r\n b\r\n",
            "s\n \t\nA: 1\n \t\n\n",
            "s\n\nA: 1\n\nConflicts:\n\tfile\n",
            "s\n\nA: 1\n\nConflicts:\n\tfile\nmore\n",
            "s\n\nA: 1\n# ------------------------ >8 ------------------------\nB: 2\n",
            "s\n\nReviewed By: x\nA: 1\n",
            "s\n\nA : 1\nB\t: 2\nC:3\nD:\n",
            "s\n\n: x\nA: 1\n",
            "s\n\nhttps://example.com/x\n",
            "s\n\nSee https://example.com/x\nA: 1\n",
            "s\n\nCloses #1 from a/b\nReviewers: x\n",
            "s\n\nA: 1\n\n---\nB: 2\n",
            "s\n\nA: 1\n---\nB: 2\n",
            "s\n\nA: 1\n\nprose\n",
            "s\n\nÄ: 1\nA: ü\n",
            "s\n\nA: ü\n  é  \nB: x  \n",
            "s\n\nA:\n  b\n\nC: d\n",
            "s\n\nSigned-off-by:A\nprose\n",
            "A: 1\nB: 2\n",
            "A: 1\n\nB: 2\nC_D: 3\n",
            "s\n\nA: 1\n\u{a0}x\n",
            "s\n\nA: 1\n\x0b: x\n",
            "s\n\nA: 1\0B: 2\n",
            "s",
            "",
            "s\n\n#\n",
            "#\n\nA: 1\n",
        ];
        for case in cases {
            assert_eq!(ours(case), gits(case)?, "{case:?}");
        }
        Ok(())
    }

    #[test]
    fn lines_outside_the_block_are_mentions() {
        let text = "s\n\nprose\nReviewed-by: A <a@b>\nNote: no\n\nreviewed by:\nbob\n\nReviewers: x,\ny\n\nB: 1\n";
        let (trailers, _) = super::read(&Message::new(text));
        let seen: Vec<_> = trailers.iter().map(|t| (&*t.key, &*t.value, t.line, t.in_block)).collect();
        let expected = [
            ("Reviewed-by", "A <a@b>", 4, false),
            ("reviewed by", "bob", 7, false),
            ("Reviewers", "x, y", 10, false),
            ("B", "1", 13, true),
        ];
        assert_eq!(seen, expected);
    }
}
