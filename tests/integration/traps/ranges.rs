//! Ranges are exact whatever the clocks said: compared with sets of ancestors computed by parents alone.

use std::collections::BTreeSet;

use crate::support::{DAY, Fallible, NewCommit, START, Stream, TestRepo, TestResult};

/// A small generator of numbers; the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        // Knuth's MMIX generator; the upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }
}

/// A random history: who stands on whom, by position.
struct Random {
    parents: Vec<Vec<usize>>,
    ids: Vec<String>,
    repo: TestRepo,
}

impl Random {
    fn new(seed: u64, commits: usize) -> Fallible<Self> {
        let mut dice = Dice(seed);
        let (mut stream, mut parents) = (Stream::default(), Vec::new());
        for position in 0..commits {
            let mut own = BTreeSet::new();
            let wanted = [1, 1, 1, 2, 2, 3][dice.below(6)].min(position);
            while own.len() < wanted {
                // Mostly recent ones, sometimes any.
                let reach = if dice.below(4) == 0 { position } else { position.min(12) };
                own.insert(position - 1 - dice.below(reach));
            }
            let mut own: Vec<usize> = own.into_iter().collect();
            if dice.below(2) == 0 {
                own.reverse();
            }
            if position > 0 && dice.below(25) == 0 {
                own.clear();
            }
            let days = i64::try_from(dice.below(4_000))?;
            let committed = if dice.below(3) == 0 { START + days * DAY } else { START + i64::try_from(position)? * 60 };
            let message = format!("SEC-1 Commit {position}");
            let marks = own.iter().map(|parent| parent + 1).collect();
            let (name, content) = (format!("files/{}", dice.below(9)), position.to_string());
            let files = vec![(name.as_str(), content.as_str())];
            let commit = NewCommit { message: message.as_bytes(), committed, parents: marks, files, ..NewCommit::default() };
            stream.commit_to(&format!("refs/heads/c{position}"), &commit);
            parents.push(own);
        }
        let repo = stream.into_repo()?;
        let listed = repo.git(["for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"])?;
        let mut ids = vec![String::new(); commits];
        for line in listed.lines() {
            let (name, id) = line.split_once(' ').ok_or("no blank")?;
            id.clone_into(&mut ids[name[1..].parse::<usize>()?]);
        }
        Ok(Self { parents, ids, repo })
    }

    fn ancestors(&self, of: usize) -> BTreeSet<usize> {
        let (mut seen, mut waiting) = (BTreeSet::from([of]), vec![of]);
        while let Some(at) = waiting.pop() {
            waiting.extend(self.parents[at].iter().filter(|parent| seen.insert(**parent)));
        }
        seen
    }

    /// Audits a range and compares the population with the difference of the two sets of ancestors.
    fn compare(&self, from: usize, to: usize) -> TestResult {
        let behind = self.ancestors(from);
        let expected: BTreeSet<&str> = self.ancestors(to).difference(&behind).map(|at| self.ids[*at].as_str()).collect();
        let name = format!("pack-{from}-{to}");
        let run = self.repo.report_to(&name, &["--from", &self.ids[from], "--to", &self.ids[to]])?;
        if expected.is_empty() {
            return run.expect_exit(3);
        }
        run.expect_exit(0)?;
        let pack = self.repo.pack(&name)?;
        let listed = pack.column("commits.csv", "commit_id")?;
        let found: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        assert_eq!(found, expected, "{from}..{to}");
        assert_eq!(listed.len(), expected.len(), "{from}..{to}: a commit is in two changes");
        let mut chain = Vec::new();
        let mut next = Some(to);
        while let Some(at) = next.filter(|at| !behind.contains(at)) {
            chain.push(self.ids[at].clone());
            next = self.parents[at].first().copied();
        }
        chain.reverse();
        assert_eq!(pack.column("changes.csv", "change_id")?, chain, "{from}..{to}");
        pack.expect_tie_outs()
    }
}

#[test]
fn random_ranges_under_skewed_clocks_are_exact() -> TestResult {
    for seed in 1..=3 {
        let random = Random::new(seed, 120)?;
        let mut dice = Dice(seed + 1_000);
        for _ in 0..14 {
            let (from, to) = (dice.below(120), 60 + dice.below(60));
            random.compare(from, to)?;
        }
    }
    Ok(())
}

#[test]
fn a_commit_far_behind_the_start_is_not_counted_again() -> TestResult {
    // The start is dated long before its own ancestors, and the range merges one of them again.
    let mut stream = Stream::default();
    let file = |name: &'static str| NewCommit { files: vec![(name, "1")], ..NewCommit::default() };
    let mut last = stream.next(&file("base"));
    let old = stream.commit(&NewCommit { parents: vec![last], committed: START + 900 * DAY, ..file("old") });
    last = stream.commit(&NewCommit { parents: vec![last, old], committed: START + DAY, ..file("old") });
    for number in 0..400 {
        last = stream.commit(&NewCommit { parents: vec![last], committed: START + 2 * DAY + number, ..NewCommit::default() });
    }
    let start = stream.commit(&NewCommit { parents: vec![last], committed: 1, ..file("start") });
    let change = stream.commit(&NewCommit { parents: vec![start], committed: START + 950 * DAY, ..file("change") });
    stream.commit(&NewCommit { parents: vec![change, old], committed: START + 951 * DAY, ..file("again") });
    let repo = stream.into_repo()?;
    repo.report(&["--from", "main~2", "--to", "main"])?.expect_exit(0)?;
    assert_eq!(repo.pack("pack")?.table("commits.csv")?.len(), 2);
    Ok(())
}
