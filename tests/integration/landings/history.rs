//! A history in which proposals are pushed, voted on and landed, and the log of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::support::{DAY, Fallible, START, TestRepo};

/// How proposals are made: as branches with several commits, or as single commits that are replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    Branch,
    Gerrit,
}

/// What happened to a proposal.
#[derive(Clone)]
pub enum Event {
    /// A new head by a pusher, with the commits it has, and whether votes stay on it as nothing in it changed.
    Push { at: i64, head: usize, by: String, stays: bool },
    /// A vote on the head of that moment: 2, -2, or 0 where it is taken back.
    Vote { at: i64, who: String, vote: i64, head: usize },
    /// All votes are taken back.
    Reset { at: i64 },
}

/// One proposal: its log and what it became, as marks.
pub struct Landing {
    pub number: usize,
    pub method: &'static str,
    pub events: Vec<Event>,
    pub commits: Vec<usize>,
    pub landed: Vec<usize>,
    pub merger: String,
    pub opened: i64,
    pub merged: i64,
}

impl Landing {
    /// The last head before it landed.
    pub fn head(&self) -> usize {
        self.pushes().last().map_or(0, |(_, head, ..)| *head)
    }

    /// When, the head, by whom, and whether votes stay on it.
    pub fn pushes(&self) -> Vec<(i64, usize, &str, bool)> {
        let mut pushes = Vec::new();
        for event in &self.events {
            if let Event::Push { at, head, by, stays } = event {
                pushes.push((*at, *head, by.as_str(), *stays));
            }
        }
        pushes
    }
}

/// A commit of a proposal that is written anew wherever it is rebased to.
#[derive(Clone)]
struct Written {
    message: String,
    content: String,
    author: String,
}

/// A history being written, with the branch's tip and the one before its last landing.
pub struct History {
    pub landings: Vec<Landing>,
    pub stream: String,
    flavour: Flavour,
    marks: usize,
    pub tip: usize,
    before: usize,
}

/// A commit to write.
pub struct NewCommit<'a> {
    pub branch: &'a str,
    pub parents: &'a [usize],
    pub author: (&'a str, i64),
    pub committer: (&'a str, i64),
    pub message: &'a str,
    pub files: &'a [(&'a str, &'a str)],
}

/// `Alice Example <alice@example.com>` of `alice`.
pub fn signature(login: &str) -> String {
    let name = match login {
        "alice" => "Alice Example",
        "bob" => "Bob Example",
        "carol" => "Carol Example",
        other => other,
    };
    format!("{name} <{login}@example.com>")
}

impl History {
    pub fn new(flavour: Flavour) -> Self {
        let mut history = Self { landings: Vec::new(), stream: String::new(), flavour, marks: 0, tip: 0, before: 0 };
        let who = ("alice", START);
        let files = &[("README", "policies\n")];
        let root = NewCommit { branch: "main", parents: &[], author: who, committer: who, message: "SEC-1 start", files };
        history.tip = history.commit(&root);
        history.before = history.tip;
        history
    }

    pub fn commit(&mut self, commit: &NewCommit<'_>) -> usize {
        self.marks += 1;
        let NewCommit { branch, parents, author, committer, message, files } = commit;
        let who = |(login, at): &(&str, i64)| format!("{} {at} +0000", signature(login));
        let _ = write!(
            self.stream,
            "commit refs/heads/{branch}\nmark :{}\nauthor {}\ncommitter {}\ndata {}\n{message}\n",
            self.marks,
            who(author),
            who(committer),
            message.len()
        );
        for (number, parent) in parents.iter().enumerate() {
            let _ = writeln!(self.stream, "{} :{parent}", if number == 0 { "from" } else { "merge" });
        }
        for (path, content) in *files {
            let _ = writeln!(self.stream, "M 100644 inline {path}\ndata {}\n{content}", content.len());
        }
        self.marks
    }

    /// A commit by its author and committer, both at one time.
    pub fn add(
        &mut self,
        branch: &str,
        parents: &[usize],
        (author, committer, at): (&str, &str, i64),
        message: &str,
        files: &[(&str, &str)],
    ) -> usize {
        self.commit(&NewCommit { branch, parents, author: (author, at), committer: (committer, at), message, files })
    }

    /// The repository, and the ids of the marks as git numbers them.
    pub fn imported(&self) -> Fallible<(TestRepo, BTreeMap<usize, String>)> {
        let repo = TestRepo::empty_with(&["--object-format=sha1"])?;
        let marks = repo.beside("marks");
        repo.feed_with(&[&format!("--export-marks={}", marks.display())], self.stream.as_bytes())?;
        let pair = |line: &str| {
            Some((line.split_once(' ')?.0.trim_start_matches(':').parse().ok()?, line.split_once(' ')?.1.to_owned()))
        };
        let ids = std::fs::read_to_string(marks)?.lines().filter_map(pair).collect();
        Ok((repo, ids))
    }

    /// Writes another last commit of the branch instead of the one that is there.
    pub fn replace_tip(&mut self, parents: &[usize], at: i64, files: &[(&str, &str)]) -> usize {
        self.stream.push_str("reset refs/heads/main\n");
        self.tip = self.add("main", parents, ("carol", "carol", at), "Land", files);
        self.tip
    }

    /// A proposal of one commit, approved and landed within a quarter of an hour.
    pub fn land_quickly(&mut self) {
        let number = self.landings.len() + 1;
        let opened = START + i64::try_from(number).unwrap_or_default() * 900;
        let path = format!("policies/p{number}.yaml");
        let files = &[(path.as_str(), "a: 1\n")];
        let (branch, tip) = (format!("p{number}"), self.tip);
        let head = self.add(&branch, &[tip], ("alice", "alice", opened), "SEC-1 one step", files);
        self.tip = self.add("main", &[tip], ("alice", "carol", opened + 600), "SEC-1 one step", files);
        let events = vec![
            Event::Push { at: opened, head, by: "alice".into(), stays: false },
            Event::Vote { at: opened + 300, who: "bob".into(), vote: 2, head },
        ];
        self.landings.push(Landing {
            number,
            method: "squash",
            events,
            commits: vec![head],
            landed: vec![self.tip],
            merger: "carol".into(),
            opened,
            merged: opened + 600,
        });
    }

    /// Plays the steps of a proposal that begins where the branch stood before its last landing.
    pub fn land(&mut self, method: &'static str, steps: &str) -> &Landing {
        let number = self.landings.len() + 1;
        let opened = START + DAY + i64::try_from(number).unwrap_or_default() * 7200;
        let landing =
            Landing { number, method, events: vec![], commits: vec![], landed: vec![], merger: String::new(), opened, merged: 0 };
        let path = format!("policies/p{number}.yaml");
        let mut play = Play { landing, path, base: self.before, at: opened, written: Vec::new(), history: self };
        steps.split(' ').for_each(|step| play.step(step));
        let landing = play.landing;
        (self.before, self.tip) = (self.tip, landing.landed.last().copied().unwrap_or(self.tip));
        self.landings.push(landing);
        &self.landings[number - 1]
    }
}

/// A proposal on its way.
struct Play<'a> {
    landing: Landing,
    path: String,
    base: usize,
    at: i64,
    written: Vec<Written>,
    history: &'a mut History,
}

impl Play<'_> {
    fn step(&mut self, step: &str) {
        self.at += 60;
        let vote = |vote| (step.get(1..).unwrap_or_default().to_owned(), vote);
        let (who, vote) = match step.as_bytes()[0] {
            b'+' => vote(2),
            b'-' => vote(-2),
            b'~' => vote(0),
            _ if step == "reset" => return self.landing.events.push(Event::Reset { at: self.at }),
            _ if step.starts_with("land") => return self.land(step.split_once('^').map_or("carol", |(_, who)| who)),
            _ => return self.push(step),
        };
        let head = if self.landing.landed.is_empty() { self.landing.head() } else { self.last_version() };
        self.landing.events.push(Event::Vote { at: self.at, who, vote, head });
    }

    /// On Gerrit what a submit made is the last version.
    fn last_version(&self) -> usize {
        let is_made = self.history.flavour == Flavour::Gerrit && matches!(self.landing.method, "squash" | "rebase");
        if is_made { self.landing.landed[0] } else { self.landing.head() }
    }

    /// `final@bob`: written by; `final^bob`: committed and pushed by; `final%bob`: only pushed by; `final/claimed`: with a trailer.
    fn push(&mut self, step: &str) {
        let at = |mark: char| step.split_once(mark).map(|(_, who)| who.to_owned());
        let kind = step.split(['@', '^', '%', '/']).next().unwrap_or_default();
        let author = at('@').unwrap_or_else(|| "alice".into());
        let committer = at('^').unwrap_or_else(|| author.clone());
        let pusher = at('%').unwrap_or_else(|| committer.clone());
        let said = match at('/').as_deref() {
            Some("co-author") => "\n\nCo-authored-by: Bob Example <bob@example.com>".to_owned(),
            Some(_) => format!(
                "\n\nReviewed-on: https://review.example/c/policies/+/{}\nReviewed-by: Bob Example <bob@example.com>",
                self.landing.number
            ),
            None => String::new(),
        };
        let before = self.written.last().map(|written| written.content.clone());
        let text = |message: &str| format!("SEC-1 {message}{said}");
        let last =
            |message: &str, content: &str| Written { message: text(message), content: content.into(), author: author.clone() };
        let first = self.written.first().cloned().unwrap_or_else(|| last("first step", "a: 1\n"));
        let (written, merges_base) = match kind {
            "first" => (vec![last("first step", "a: 1\n")], false),
            "typo" => (vec![first, last("second stpe", "a: 1\nb: 2\n")], false),
            "other" => (vec![first, last("second step", "a: 1\nb: 3\n")], false),
            "resolve" => (vec![first, last("second step", "a: 1\nb: 2\nc: 4\n")], true),
            "update" => (self.written.clone(), true),
            "onbase" => (self.written.clone(), false),
            _ => (vec![first, last("second step", "a: 1\nb: 2\n")], false),
        };
        if matches!(kind, "onbase") {
            self.base = self.history.tip;
        }
        self.written = written;
        let dates = if kind == "backdated" { (self.landing.opened, self.landing.opened) } else { (self.at, self.at) };
        if merges_base && self.history.flavour == Flavour::Branch {
            self.merge_base(&committer);
        } else {
            self.write_commits(&committer, dates);
        }
        let head = self.landing.commits.last().copied().unwrap_or_default();
        let stays = before.as_deref() == self.written.last().map(|written| written.content.as_str());
        self.landing.events.push(Event::Push { at: self.at, head, by: pusher, stays });
    }

    /// Writes the branch anew from its base; the first commit only once.
    fn write_commits(&mut self, committer: &str, (authored, made): (i64, i64)) {
        let branch = format!("p{}-{}", self.landing.number, self.landing.events.len());
        let whole = self.written.last().cloned().into_iter().collect();
        let written = if self.history.flavour == Flavour::Gerrit { whole } else { self.written.clone() };
        let mut parent = self.base;
        self.landing.commits.clear();
        for (number, one) in written.iter().enumerate() {
            let by = if number + 1 == written.len() { committer } else { &one.author };
            let message = self.with_change_id(&one.message);
            let files = &[(self.path.as_str(), one.content.as_str())];
            let dates =
                if number == 0 && written.len() > 1 { (self.landing.opened, self.landing.opened) } else { (authored, made) };
            parent = self.history.commit(&NewCommit {
                branch: &branch,
                parents: &[parent],
                author: (&one.author, dates.0),
                committer: (by, dates.1),
                message: &message,
                files,
            });
            self.landing.commits.push(parent);
        }
    }

    fn merge_base(&mut self, committer: &str) {
        let branch = format!("p{}-{}", self.landing.number, self.landing.events.len());
        let parents = [self.landing.head(), self.history.tip];
        let content = self.written.last().map_or("", |written| &written.content).to_owned();
        let who = (committer, self.at);
        let files = &[(self.path.as_str(), content.as_str())];
        let merge =
            NewCommit { branch: &branch, parents: &parents, author: who, committer: who, message: "Merge branch 'main'", files };
        let merge = self.history.commit(&merge);
        self.landing.commits.push(merge);
    }

    fn with_change_id(&self, message: &str) -> String {
        if self.history.flavour == Flavour::Branch {
            return message.to_owned();
        }
        let separator = if message.contains("\n\n") { "\n" } else { "\n\n" };
        format!("{message}{separator}Change-Id: {}", change_id(self.landing.number))
    }

    fn land(&mut self, merger: &str) {
        self.at = self.landing.opened + 3600;
        let merger = if self.landing.method == "queue" { "queue-bot" } else { merger };
        (self.landing.merger, self.landing.merged) = (merger.to_owned(), self.at);
        let is_gerrit = self.history.flavour == Flavour::Gerrit;
        let (tip, head, at) = (self.history.tip, self.landing.head(), self.at);
        let last = self.written[self.written.len() - 1].clone();
        let path = self.path.clone();
        let files = &[(path.as_str(), last.content.as_str())];
        // A queue makes its commit before it lands.
        let made = if self.landing.method == "queue" { at - 1800 } else { at };
        let new = |parents, author, message| NewCommit {
            branch: "main",
            parents,
            author: (author, made),
            committer: (merger, made),
            message,
            files,
        };
        self.landing.landed = match self.landing.method {
            "merge" => vec![self.history.commit(&new(&[tip, head], merger, &format!("Land {}", self.landing.number)))],
            "queue" if is_gerrit => vec![self.history.commit(&new(&[tip, head], merger, "Merge a change"))],
            "rebase" if !is_gerrit => {
                let mut parent = tip;
                let mut landed = Vec::new();
                for one in self.written.clone() {
                    parent = self.history.commit(&NewCommit {
                        branch: "main",
                        parents: &[parent],
                        author: (&one.author, made),
                        committer: (merger, made),
                        message: &one.message,
                        files: &[(path.as_str(), one.content.as_str())],
                    });
                    landed.push(parent);
                }
                landed
            }
            _ => {
                let message = self.with_change_id(&last.message);
                vec![self.history.commit(&new(&[tip], &last.author, &message))]
            }
        };
        self.at = self.landing.merged + 600;
    }
}

pub fn change_id(number: usize) -> String {
    format!("I{number:040x}")
}
