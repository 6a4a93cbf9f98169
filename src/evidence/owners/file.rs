//! CODEOWNERS line by line: rules, sections of GitLab, groups of Bitbucket, and the lines that the forge does not take.

use std::collections::BTreeMap;

use super::pattern::{Dialect, Pattern};
use crate::text::RepoPath;

/// A file with more rules than this is not read.
const MAX_RULES: usize = 20_000;
/// A rule with more owners than this is not read.
const MAX_OWNERS: usize = 500;

/// An owners file.
#[derive(Clone, Debug)]
pub struct OwnersFile {
    /// Where it lies.
    pub path: RepoPath,
    /// By whose rules it was read.
    pub dialect: Dialect,
    /// Lines that decide nothing because the forge does not understand them, and why.
    pub not_understood: Vec<(u32, &'static str)>,
    sections: Vec<Section>,
}

/// Rules among which the last one that matches decides.
#[derive(Clone, Debug, Default)]
struct Section {
    name: Box<str>,
    optional: bool,
    approvals: usize,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    line: u32,
    written: Box<str>,
    pattern: Pattern,
    /// Whether it takes paths out of the section for good.
    excludes: bool,
    owners: Vec<Box<str>>,
}

/// What the file demands for a path.
#[derive(Clone, Copy, Debug)]
pub struct Demanded<'a> {
    /// The line of the rule.
    pub line: u32,
    /// The pattern as written.
    pub pattern: &'a str,
    /// The section, empty for rules outside of one.
    pub section: &'a str,
    /// How many of the owners must approve.
    pub approvals: usize,
    /// The owners as written; nobody where the path has none.
    pub owners: &'a [Box<str>],
}

impl OwnersFile {
    /// Reads a file by the rules of a forge.
    ///
    /// # Errors
    ///
    /// One sentence where the forge, or this program, does not read it.
    pub fn read(path: RepoPath, dialect: Dialect, bytes: &[u8]) -> Result<Self, String> {
        /// What GitHub documents: a larger file is not loaded at all.
        const GITHUB_LIMIT: usize = 3 << 20;
        if bytes.len() >= GITHUB_LIMIT {
            return Err("it has 3 MB or more; GitHub does not load such a file".to_owned());
        }
        let mut reading = Reading::new(dialect);
        for (number, line) in (1..).zip(String::from_utf8_lossy(bytes).lines()) {
            reading.line(number, line.trim());
            if reading.rules > MAX_RULES {
                return Err(format!("it has more than {MAX_RULES} rules"));
            }
        }
        Ok(Self { path, dialect, not_understood: reading.not_understood, sections: reading.sections })
    }

    /// What it demands for a path: one rule for each section that has one, optional sections left out.
    #[must_use]
    pub fn demands(&self, path: &str) -> Vec<Demanded<'_>> {
        let parts: Vec<&str> = path.split('/').collect();
        self.sections.iter().filter(|section| !section.optional).filter_map(|section| section.demand(&parts)).collect()
    }
}

impl Section {
    fn demand(&self, path: &[&str]) -> Option<Demanded<'_>> {
        if self.rules.iter().any(|rule| rule.excludes && rule.pattern.matches(path)) {
            return None;
        }
        let rule = self.rules.iter().rev().find(|rule| rule.pattern.matches(path))?;
        Some(Demanded {
            line: rule.line,
            pattern: &rule.written,
            section: &self.name,
            approvals: self.approvals.max(1),
            owners: &rule.owners,
        })
    }
}

struct Reading {
    dialect: Dialect,
    sections: Vec<Section>,
    /// The position of the section that lines are added to, and its default owners.
    current: usize,
    defaults: Vec<Box<str>>,
    /// Groups that the file itself defines, on Bitbucket.
    groups: BTreeMap<Box<str>, Vec<Box<str>>>,
    rules: usize,
    not_understood: Vec<(u32, &'static str)>,
}

impl Reading {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            sections: vec![Section::default()],
            current: 0,
            defaults: Vec::new(),
            groups: BTreeMap::new(),
            rules: 0,
            not_understood: Vec::new(),
        }
    }

    fn line(&mut self, number: u32, line: &str) {
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        if self.dialect == Dialect::GitLab && line.starts_with(['[', '^']) && self.heading(line) {
            return;
        }
        let read = match self.dialect {
            Dialect::Bitbucket if line.starts_with("CODEOWNERS.") => Ok(()),
            Dialect::Bitbucket if line.starts_with("@@@") => self.group(line),
            Dialect::Bitbucket if line.starts_with("Check(") => Err("merge checks are not read"),
            Dialect::GitHub | Dialect::GitLab | Dialect::Bitbucket => self.rule(number, line),
        };
        if let Err(why) = read {
            self.not_understood.push((number, why));
        }
    }

    /// `^[Name][2] @default @owners`; `false` where it is none, which GitLab then takes for a path.
    fn heading(&mut self, line: &str) -> bool {
        let optional = line.starts_with('^');
        let Some((name, rest)) = line.trim_start_matches('^').strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            return false;
        };
        let count = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (count, rest) = count.map_or(("", rest), |(count, rest)| (count, rest));
        if name.trim().is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let approvals = count.parse().unwrap_or(1);
        self.defaults = owners(rest.split_whitespace());
        let known = self.sections.iter().skip(1).position(|section| section.name.to_lowercase() == name.trim().to_lowercase());
        self.current = known.map_or(self.sections.len(), |at| at + 1);
        match self.sections.get_mut(self.current) {
            Some(section) => {
                section.optional &= optional;
                section.approvals = section.approvals.max(approvals);
            }
            None => self.sections.push(Section { name: name.trim().into(), optional, approvals, rules: Vec::new() }),
        }
        true
    }

    /// `@@@Name @member "@other member"`.
    fn group(&mut self, line: &str) -> Result<(), &'static str> {
        let mut words = quoted_words(line).into_iter();
        let name = words.next().unwrap_or_default();
        let members: Vec<Box<str>> = words.flat_map(|member| self.spread(member.into())).collect();
        if members.len() > MAX_OWNERS {
            return Err("it has too many owners");
        }
        self.groups.insert(name.trim_start_matches('@').to_lowercase().into(), members);
        Ok(())
    }

    /// An owner, or the members of a group that the file defines.
    fn spread(&self, owner: Box<str>) -> Vec<Box<str>> {
        let group = owner.strip_prefix("@@").and_then(|name| self.groups.get(name.to_lowercase().as_str()));
        group.cloned().unwrap_or_else(|| vec![owner])
    }

    fn rule(&mut self, number: u32, line: &str) -> Result<(), &'static str> {
        let (written, rest) = split_pattern(line, self.dialect)?;
        let (excludes, pattern) = match written.strip_prefix('!') {
            Some(_) if self.dialect == Dialect::GitHub => return Err("GitHub takes no negation"),
            Some(pattern) => (true, pattern),
            None => (false, written.as_str()),
        };
        let pattern = Pattern::read(pattern, self.dialect)?;
        let mut owners = self.owners_of(rest)?;
        if owners.is_empty() && !excludes {
            owners.clone_from(&self.defaults);
        }
        if owners.len() > MAX_OWNERS {
            return Err("it has too many owners");
        }
        // On Bitbucket an excluded path may be taken in again by a later line; on GitLab it stays out of its section.
        let excludes = excludes && self.dialect == Dialect::GitLab;
        let rule = Rule { line: number, written: written.into(), pattern, excludes, owners };
        if let Some(section) = self.sections.get_mut(self.current) {
            section.rules.push(rule);
            self.rules += 1;
        }
        Ok(())
    }

    fn owners_of(&self, rest: &str) -> Result<Vec<Box<str>>, &'static str> {
        match self.dialect {
            // Comments may follow a rule there, and one word that is no owner spoils the line.
            Dialect::GitHub => {
                let words: Vec<&str> = rest.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
                let found = owners(words.iter().copied());
                if found.len() == words.len() { Ok(found) } else { Err("a word after the pattern is no owner") }
            }
            Dialect::GitLab => {
                let found = owners(rest.split_whitespace());
                let is_malformed = found.is_empty() && !rest.trim().is_empty();
                if is_malformed { Err("no word after the pattern is an owner") } else { Ok(found) }
            }
            Dialect::Bitbucket => {
                let words = quoted_words(rest).into_iter().take_while(|word| !word.starts_with('#'));
                // `random(2)` and its like choose reviewers; every owner may approve.
                let words = words.filter(|word| !(word.ends_with(')') && word.contains('(')));
                Ok(words.flat_map(|word| self.spread(word.into())).collect())
            }
        }
    }
}

/// The words that can be owners: logins, teams and addresses.
fn owners<'a>(words: impl Iterator<Item = &'a str>) -> Vec<Box<str>> {
    let is_address =
        |word: &str| word.split_once('@').is_some_and(|(account, domain)| !account.is_empty() && domain.contains('.'));
    let is_handle = |word: &str| word.trim_start_matches('@').chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
    let is_owner = |word: &&str| if word.starts_with('@') { is_handle(word) } else { is_address(word) };
    words.filter(is_owner).map(Into::into).collect()
}

/// The pattern and what follows it: blanks in a pattern are escaped, on Bitbucket also quoted.
fn split_pattern(line: &str, dialect: Dialect) -> Result<(String, &str), &'static str> {
    if dialect == Dialect::Bitbucket
        && let Some(quoted) = line.strip_prefix('"')
    {
        let (pattern, rest) = quoted.split_once('"').ok_or("its quotation mark is not closed")?;
        return Ok((pattern.to_owned(), rest));
    }
    let mut escaped = false;
    let end = line.char_indices().find(|(_, character)| {
        let is_end = character.is_whitespace() && !escaped;
        escaped = *character == '\\' && !escaped;
        is_end
    });
    let (pattern, rest) = line.split_at_checked(end.map_or(line.len(), |(at, _)| at)).unwrap_or((line, ""));
    Ok((pattern.to_owned(), rest))
}

/// Words with their quotation marks taken away: `@@"Dev Ops"` is one.
fn quoted_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            blank if blank.is_whitespace() && !quoted => {
                words.push(std::mem::take(&mut word));
            }
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dialect: Dialect, text: &str) -> OwnersFile {
        OwnersFile::read(RepoPath::new(b"CODEOWNERS"), dialect, text.as_bytes()).unwrap()
    }

    fn demands(file: &OwnersFile, path: &str) -> Vec<String> {
        let told = file.demands(path).into_iter().map(|demand| {
            let owners = demand.owners.join(" ");
            format!("{} {}:{} {owners}", demand.section, demand.line, demand.approvals).trim().to_owned()
        });
        told.collect()
    }

    #[test]
    fn on_github_the_last_line_that_matches_decides() {
        let text = "# owners\n* @all\n\n*.js @js #This is an inline comment.\n/docs/ @org/docs docs@example.com\n/docs/free\n\
                    !/docs/x @x\nfoo[1] @x\n/bad @ok nobody\n";
        let file = file(Dialect::GitHub, text);
        assert_eq!(demands(&file, "a/b.js"), ["4:1 @js"]);
        assert_eq!(demands(&file, "docs/a.js"), ["5:1 @org/docs docs@example.com"]);
        assert_eq!(demands(&file, "docs/free/a"), ["6:1"]);
        assert_eq!(demands(&file, "bad"), ["2:1 @all"]);
        assert_eq!(
            file.not_understood,
            [(7, "GitHub takes no negation"), (8, "GitHub takes no [ranges]"), (9, "a word after the pattern is no owner")]
        );
    }

    #[test]
    fn on_gitlab_each_section_has_its_own_last_match() {
        let text = "* @all\n[Docs][2] @docs-team\ndocs/\nREADME.md @readme\n!docs/free/\n^[Optional] @o\n*\n\
                    [DOCS]\n*.txt # @commented\n[ @odd]\n/x zero\n[Broken\n";
        let file = file(Dialect::GitLab, text);
        assert_eq!(demands(&file, "docs/a"), ["1:1 @all", "Docs 3:2 @docs-team"]);
        assert_eq!(demands(&file, "docs/README.md"), ["1:1 @all", "Docs 4:2 @readme"]);
        assert_eq!(demands(&file, "docs/free/README.md"), ["1:1 @all"]);
        assert_eq!(demands(&file, "a.txt"), ["1:1 @all", "Docs 9:2 @commented"]);
        assert_eq!(demands(&file, "b"), ["1:1 @all"]);
        let lines: Vec<u32> = file.not_understood.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [11, 12], "{:?}", file.not_understood);
    }

    #[test]
    fn on_bitbucket_groups_names_and_directives_are_read() {
        let text = "CODEOWNERS.toolname Owners Bot\n@@@Devs @anna \"@Bo Ek\" @@\"Dev Ops\"\n* @@devs\n\
                    \"a dir/*\" random(1) carla@example.com # why\n!a\\ dir/free\nCheck(@@Devs >= 2)\n";
        let file = file(Dialect::Bitbucket, text);
        assert_eq!(demands(&file, "x"), ["3:1 @anna @Bo Ek @@Dev Ops"]);
        assert_eq!(demands(&file, "a dir/x"), ["4:1 carla@example.com"]);
        assert_eq!(demands(&file, "a dir/free"), ["5:1"]);
        assert_eq!(file.not_understood, [(6, "merge checks are not read")]);
    }

    #[test]
    fn large_and_hostile_files_are_refused_or_read() {
        let read = |dialect, text: &[u8]| OwnersFile::read(RepoPath::new(b"x"), dialect, text);
        for dialect in [Dialect::GitHub, Dialect::GitLab, Dialect::Bitbucket] {
            assert!(read(dialect, &vec![b'#'; 3 << 20]).is_err());
            assert!(read(dialect, "a @b\n".repeat(MAX_RULES + 1).as_bytes()).is_err());
            for text in [
                "\0",
                "\\",
                "[",
                "[]",
                "^",
                "^[",
                "[a][",
                "[a][999999999999999999999]",
                "\"",
                "@@@",
                "@@@ @@",
                "\u{fffd} @é",
                "! @a",
            ] {
                let _ = read(dialect, text.as_bytes()).map(|file| demands(&file, "a/b"));
            }
        }
    }
}
