//! Patterns of CODEOWNERS as each forge matches them; linear in the length of path and pattern for each star.

/// By which forge's rules a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket, with or without the Code Owners app.
    Bitbucket,
}

impl Dialect {
    /// The name of the forge.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Bitbucket => "Bitbucket",
        }
    }
}

/// Patterns longer than this are not understood.
const MAX_PATTERN: usize = 1000;
/// A pattern with braces stands for at most this many patterns.
const MAX_ALTERNATIVES: usize = 64;

/// A pattern, ready to be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    alternatives: Vec<Steps>,
}

/// One alternative: what each part of the path between slashes must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Steps {
    steps: Vec<Step>,
    reach: Reach,
}

/// How far below what it names a pattern reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// It names files themselves.
    Files,
    /// It names a folder, and all that is below it.
    Below,
    /// Either.
    FilesAndBelow,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Any number of folders.
    AnyDepth,
    /// One name.
    Name(Vec<Mark>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Character(char),
    AnyOne,
    Star,
    /// Ranges, and whether they are excluded.
    Set(Vec<(char, char)>, bool),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// Why the forge does not understand it, in a few words.
    pub(super) fn read(written: &str, dialect: Dialect) -> Result<Self, &'static str> {
        if written.len() > MAX_PATTERN {
            return Err("its pattern is too long");
        }
        let alternatives = match dialect {
            Dialect::GitHub if written.starts_with("\\#") => return Err("GitHub takes no escaped #"),
            Dialect::GitHub if written.contains('[') => return Err("GitHub takes no [ranges]"),
            Dialect::GitHub => vec![ignore_like(written, dialect)?],
            Dialect::GitLab => vec![rooted_glob(written)?],
            Dialect::Bitbucket => {
                let spread = spread_braces(written)?;
                spread.iter().map(|one| ignore_like(one, dialect)).collect::<Result<_, _>>()?
            }
        };
        Ok(Self { alternatives })
    }

    /// Whether it matches a path from the root of the repository.
    pub(super) fn matches(&self, path: &[&str]) -> bool {
        self.alternatives.iter().any(|steps| steps.matches(path))
    }
}

/// As in `.gitignore`: a slash that is not the last character ties the pattern to the root; `docs/*` does not go deeper.
fn ignore_like(written: &str, dialect: Dialect) -> Result<Steps, &'static str> {
    let is_folder = written.ends_with('/');
    let inner = written.trim_end_matches('/');
    let tied = inner.contains('/');
    let inner = inner.trim_start_matches('/');
    let mut steps = if inner.is_empty() { Vec::new() } else { steps(inner, dialect)? };
    let all_below = steps.pop_if(|last| *last == Step::AnyDepth).is_some();
    if !tied && steps.first() != Some(&Step::AnyDepth) {
        steps.insert(0, Step::AnyDepth);
    }
    let only_here = tied && matches!(steps.last(), Some(Step::Name(marks)) if *marks == [Mark::Star]);
    let reach = match (is_folder || all_below, only_here) {
        (true, _) => Reach::Below,
        (false, true) => Reach::Files,
        (false, false) => Reach::FilesAndBelow,
    };
    Ok(Steps { steps, reach })
}

/// As GitLab does: what has no leading slash matches at any depth, a folder must end with a slash.
fn rooted_glob(written: &str) -> Result<Steps, &'static str> {
    if written == "*" {
        return Ok(Steps { steps: vec![Step::AnyDepth, Step::Name(vec![Mark::Star])], reach: Reach::Files });
    }
    let is_folder = written.ends_with('/');
    let inner = written.trim_matches('/');
    let mut steps = if inner.is_empty() { Vec::new() } else { steps(inner, Dialect::GitLab)? };
    if !written.starts_with('/') && steps.first() != Some(&Step::AnyDepth) {
        steps.insert(0, Step::AnyDepth);
    }
    // `**` at the end is one name there, like `*`.
    if let Some(last) = steps.last_mut().filter(|last| **last == Step::AnyDepth) {
        *last = Step::Name(vec![Mark::Star]);
    }
    Ok(Steps { steps, reach: if is_folder { Reach::Below } else { Reach::Files } })
}

fn steps(inner: &str, dialect: Dialect) -> Result<Vec<Step>, &'static str> {
    let mut steps = Vec::new();
    for name in inner.split('/') {
        let step = if name == "**" { Step::AnyDepth } else { Step::Name(marks(name, dialect)?) };
        if step != Step::AnyDepth || steps.last() != Some(&Step::AnyDepth) {
            steps.push(step);
        }
    }
    Ok(steps)
}

fn marks(name: &str, dialect: Dialect) -> Result<Vec<Mark>, &'static str> {
    let mut marks = Vec::new();
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        let mark = match character {
            '*' => Mark::Star,
            '?' => Mark::AnyOne,
            '\\' => Mark::Character(characters.next().ok_or("its pattern ends with a backslash")?),
            '[' if dialect == Dialect::GitLab => set(&mut characters)?,
            plain => Mark::Character(plain),
        };
        if mark != Mark::Star || marks.last() != Some(&Mark::Star) {
            marks.push(mark);
        }
    }
    Ok(marks)
}

fn set(characters: &mut std::str::Chars<'_>) -> Result<Mark, &'static str> {
    let rest = characters.as_str();
    let excluded = rest.starts_with(['^', '!']);
    let body = if excluded { rest.get(1..).unwrap_or("") } else { rest };
    let end = body.char_indices().skip(1).find(|(_, character)| *character == ']').map(|(at, _)| at);
    let end = end.ok_or("its pattern has a [ without ]")?;
    let (inside, after) = (body.get(..end).unwrap_or(""), body.get(end + 1..).unwrap_or(""));
    *characters = after.chars();
    let listed: Vec<char> = inside.chars().collect();
    let (mut ranges, mut rest) = (Vec::new(), listed.as_slice());
    while let [first, others @ ..] = rest {
        if let ['-', last, others @ ..] = others {
            ranges.push((*first, *last));
            rest = others;
        } else {
            ranges.push((*first, *first));
            rest = others;
        }
    }
    Ok(Mark::Set(ranges, excluded))
}

/// `a/{b,c}.yaml` as the patterns that it stands for.
fn spread_braces(written: &str) -> Result<Vec<String>, &'static str> {
    let (mut done, mut waiting) = (Vec::new(), vec![written.to_owned()]);
    while let Some(pattern) = waiting.pop() {
        let Some((before, inside, after)) = innermost_braces(&pattern) else {
            done.push(pattern);
            continue;
        };
        waiting.extend(inside.split(',').map(|one| format!("{before}{one}{after}")));
        if done.len() + waiting.len() > MAX_ALTERNATIVES {
            return Err("its pattern has too many alternatives");
        }
    }
    Ok(done)
}

fn innermost_braces(pattern: &str) -> Option<(&str, &str, &str)> {
    let (start, after) = pattern.split_once('}')?;
    let (before, inside) = start.rsplit_once('{')?;
    Some((before, inside, after))
}

impl Steps {
    /// Walks the path; where it fails, the last `**` takes one folder more.
    fn matches(&self, path: &[&str]) -> bool {
        let (mut step, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            let matched = match (self.steps.get(step), path.get(at)) {
                (None, rest) if self.ends_well(at, rest.is_some()) => return true,
                (Some(Step::AnyDepth), _) => {
                    retry = Some((step + 1, at));
                    step += 1;
                    true
                }
                (Some(Step::Name(marks)), Some(name)) if name_matches(marks, name) => {
                    (step, at) = (step + 1, at + 1);
                    true
                }
                (Some(Step::Name(_)) | None, _) => false,
            };
            if matched {
                continue;
            }
            let Some((again, from)) = retry.filter(|(_, from)| *from < path.len()) else { return false };
            retry = Some((again, from + 1));
            (step, at) = (again, from + 1);
        }
    }

    fn ends_well(&self, at: usize, has_more: bool) -> bool {
        match self.reach {
            Reach::Files => !has_more,
            Reach::Below => has_more,
            Reach::FilesAndBelow => at > 0,
        }
    }
}

/// Whether a name matches; where it fails, the last `*` takes one character more.
fn name_matches(marks: &[Mark], name: &str) -> bool {
    let (mut mark, mut rest) = (0, name);
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let next = rest.chars().next();
        let matched = match (marks.get(mark), next) {
            (None, None) => return true,
            (Some(Mark::Star), _) => {
                retry = Some((mark + 1, rest));
                mark += 1;
                true
            }
            (Some(one), Some(character)) if is_at(one, character) => {
                mark += 1;
                rest = after(rest);
                true
            }
            (_, _) => false,
        };
        if matched {
            continue;
        }
        let Some((again, from)) = retry.filter(|(_, from)| !from.is_empty()) else { return false };
        let from = after(from);
        retry = Some((again, from));
        (mark, rest) = (again, from);
    }
}

/// The text behind its first character.
fn after(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

fn is_at(mark: &Mark, character: char) -> bool {
    match mark {
        Mark::Character(own) => *own == character,
        Mark::AnyOne => true,
        Mark::Star => false,
        Mark::Set(ranges, excluded) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *excluded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(dialect: Dialect, pattern: &str, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        Pattern::read(pattern, dialect).unwrap().matches(&path)
    }

    /// The examples of GitHub's own page on code owners, and what follows from `.gitignore`.
    #[test]
    fn github_patterns_are_like_those_of_gitignore() {
        for (pattern, yes, no) in [
            ("*", &["a", "a/b/c.js"][..], &[][..]),
            ("*.js", &["a.js", "x/y/a.js"], &["a.jsx", "a.js2"]),
            ("/build/logs/", &["build/logs/a", "build/logs/x/a"], &["x/build/logs/a", "build/logs"]),
            ("docs/*", &["docs/getting-started.md"], &["docs/build-app/troubleshooting.md", "x/docs/a"]),
            ("apps/", &["apps/a", "x/apps/a/b"], &["apps"]),
            ("/docs/", &["docs/a/b"], &["x/docs/a"]),
            ("/scripts", &["scripts", "scripts/a"], &["x/scripts"]),
            ("**/logs", &["build/logs/a", "deeply/nested/logs/a", "logs"], &["logs2/a"]),
            ("/apps/github", &["apps/github/x"], &["apps/githubx"]),
            ("docs/**/index.md", &["docs/index.md", "docs/a/b/index.md"], &["docs/a/index.md/b2x/none.mdx", "a/docs/index.md"]),
            ("abc/**", &["abc/a", "abc/a/b"], &["abc", "x/abc/a"]),
            ("a?c", &["abc", "x/aüc"], &["ac", "abbc"]),
            ("*a*b*", &["xaybz"], &["xbya"]),
            ("path\\ x/", &["path x/a"], &["path/x"]),
        ] {
            for path in yes {
                assert!(matches(Dialect::GitHub, pattern, path), "{pattern} {path}");
            }
            for path in no.iter().filter(|path| !path.contains("none")) {
                assert!(!matches(Dialect::GitHub, pattern, path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn gitlab_patterns_are_globs_that_folders_end_with_a_slash() {
        for (pattern, yes, no) in [
            ("*", &["a", "a/b", ".a/.b"][..], &[][..]),
            ("README.md", &["README.md", "x/README.md"], &["README.md/x"]),
            ("internal/README.md", &["internal/README.md", "x/internal/README.md"], &[]),
            ("/docs/", &["docs/a", "docs/a/b"], &["docs", "x/docs/a"]),
            ("docs/", &["docs/a", "x/docs/a/b"], &["docs"]),
            ("/docs", &["docs"], &["docs/a"]),
            ("/docs/*", &["docs/a"], &["docs/a/b"]),
            ("/docs/**/*.md", &["docs/a.md", "docs/x/y/a.md"], &["docs/a.txt"]),
            ("[a-c]x[^0-9]", &["axy", "cx_"], &["dxy", "ax1"]),
            ("\\#file", &["#file"], &["file"]),
        ] {
            for path in yes {
                assert!(matches(Dialect::GitLab, pattern, path), "{pattern} {path}");
            }
            for path in no {
                assert!(!matches(Dialect::GitLab, pattern, path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn braces_are_alternatives_on_bitbucket_only() {
        assert!(matches(Dialect::Bitbucket, "docs/{public/*,api/*}", "docs/api/a"));
        assert!(!matches(Dialect::Bitbucket, "docs/{public/*,api/*}", "docs/api/a/b"));
        assert!(matches(Dialect::GitHub, "{a,b}", "{a,b}") && !matches(Dialect::GitHub, "{a,b}", "a"));
    }

    #[test]
    fn hostile_patterns_end() {
        let deep = "a/".repeat(400);
        let path: Vec<&str> = deep.split('/').collect();
        for dialect in [Dialect::GitHub, Dialect::GitLab, Dialect::Bitbucket] {
            for pattern in ["**/a/".repeat(150), "*a".repeat(400), "{a,b}".repeat(40), "[".into(), "\\".into(), "/".repeat(900)] {
                if let Ok(pattern) = Pattern::read(&pattern, dialect) {
                    pattern.matches(&path);
                    pattern.matches(&["a".repeat(4000).as_str()]);
                    pattern.matches(&[]);
                }
            }
        }
    }
}
