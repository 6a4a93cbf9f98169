//! Counts that must agree, each computed from two sides that do not know each other: the walk over commits and the
//! comparison of trees on the left, the tables as rendered on the right.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use sha2::{Digest as _, Sha256};

use super::{Pack, Status, TieOut};
use crate::changes::EditKind;
use crate::evidence::Dossier;
use crate::policies::PolicyEditKind;
use crate::text::{CommitId, hex};

/// What was counted on the tables as they were rendered.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// Rows by file name, the header not counted.
    pub rows: BTreeMap<String, u64>,
    /// The second column of `changes.csv`.
    pub change_ids: Vec<String>,
    /// How many rows of `proposals.csv` say in the second column that a change brought the proposal.
    pub proposals_landed: usize,
}

impl Rendered {
    fn of(&self, file: &str) -> u64 {
        self.rows.get(file).copied().unwrap_or(0)
    }
}

/// SHA-256 over the sorted full ids, one per line with a line feed.
#[must_use]
pub fn population_hash(ids: impl Iterator<Item = CommitId>) -> String {
    hash_lines(ids.map(|id| id.to_string()).collect())
}

fn hash_lines(mut ids: Vec<String>) -> String {
    ids.sort();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id.as_bytes());
        hash.update(b"\n");
    }
    hex(&hash.finalize())
}

impl Pack {
    /// Computes every tie-out; `commits_walked` is what the walk counted before it sorted commits into changes.
    #[must_use]
    pub fn tie_out(&self, commits_walked: usize, rendered: &Rendered) -> Vec<TieOut> {
        let population = self.tie_out_population(commits_walked as u64, rendered);
        let contents = self.tie_out_contents(rendered).into_iter().chain([self.tie_out_proposals(rendered)]);
        let mut all: Vec<TieOut> = population.into_iter().chain([self.tie_out_policies(rendered)]).chain(contents).collect();
        all.sort_by_key(|tie_out| tie_out.id.trim_start_matches('T').parse::<u32>().unwrap_or(u32::MAX));
        all
    }

    /// On the left the changes and what each was linked to, on the right the export's proposals and what became of each.
    fn tie_out_proposals(&self, rendered: &Rendered) -> TieOut {
        let linked = self.dossiers.iter().filter_map(|dossier| Some(dossier.link.as_ref()?.proposal));
        let linked = linked.collect::<BTreeSet<usize>>().len();
        let not_checked = if self.exports.proposals.is_empty() {
            Some("no export of a forge".to_owned())
        } else {
            let gap = self.exports.missing_proposals.first();
            gap.map(|gap| format!("the export lacks proposals: {}", crate::text::visible_line(gap)))
        };
        TieOut {
            id: "T7",
            statement: "changes with a recorded proposal, each proposal once = merged proposals of the export - outside of the period - \
                        inside another change - without a change",
            left: "links of the changes",
            left_value: linked.to_string(),
            right: "proposals.csv",
            right_value: rendered.proposals_landed.to_string(),
            not_checked,
        }
    }

    /// On the left the tree at the start and what each change did to it, on the right the tree at the end.
    fn tie_out_policies(&self, rendered: &Rendered) -> TieOut {
        let edits = self.dossiers.iter().flat_map(|dossier| &dossier.change.commit.policy_edits);
        let (mut added, mut removed) = (0_u64, 0_u64);
        for edit in edits {
            match edit.kind {
                PolicyEditKind::Added => added += 1,
                PolicyEditKind::Removed => removed += 1,
                PolicyEditKind::Modified | PolicyEditKind::Moved => {}
            }
        }
        let gone = self.inventory.removed.len() as u64;
        TieOut {
            id: "T5",
            statement: "policy objects at the start + added - removed = policy objects at the end",
            left: "tree at the start + policy edits of the changes",
            left_value: (i128::from(self.inventory.at_start as u64) + i128::from(added) - i128::from(removed)).to_string(),
            right: "policy-inventory.csv, what is gone left out",
            right_value: (i128::from(rendered.of("policy-inventory.csv")) - i128::from(gone)).to_string(),
            not_checked: None,
        }
    }

    fn tie_out_population(&self, walked: u64, rendered: &Rendered) -> [TieOut; 4] {
        let side_commits: usize = self.dossiers.iter().map(|dossier| dossier.change.side_commits.len()).sum();
        let in_scope = self.dossiers.iter().filter(|dossier| dossier.classification.out_of_scope.is_none()).count() as u64;
        let concluded = self.statuses.iter().filter(|status| **status != Status::OutOfScope).count() as u64;
        let changes = rendered.of("changes.csv");
        [
            TieOut {
                id: "T1",
                statement: "commits of the range = rows of commits.csv",
                left: "walk",
                left_value: walked.to_string(),
                right: "commits.csv",
                right_value: rendered.of("commits.csv").to_string(),
                not_checked: None,
            },
            TieOut {
                id: "T2",
                statement: "commits of the range = changes + side commits",
                left: "walk",
                left_value: walked.to_string(),
                right: "changes.csv + side commits of the changes",
                right_value: (changes + side_commits as u64).to_string(),
                not_checked: None,
            },
            TieOut {
                id: "T3",
                statement: "changes = in scope + out of scope, each with a reason",
                left: "changes.csv",
                left_value: changes.to_string(),
                right: "in scope + excluded.csv",
                right_value: (in_scope + rendered.of("excluded.csv")).to_string(),
                not_checked: None,
            },
            TieOut {
                id: "T4",
                statement: "in scope = no exception + exception + waived only + not assessable only",
                left: "scope",
                left_value: in_scope.to_string(),
                right: "statuses",
                right_value: concluded.to_string(),
                not_checked: None,
            },
        ]
    }

    fn tie_out_contents(&self, rendered: &Rendered) -> [TieOut; 3] {
        let references: usize = self.dossiers.iter().map(|dossier| dossier.evidence.tickets.len()).sum();
        let paths: u64 = self.dossiers.iter().map(paths).sum();
        [
            TieOut {
                id: "T6",
                statement: "paths changed by all changes, renames paired = rows of files.csv",
                left: "comparison of trees",
                left_value: paths.to_string(),
                right: "files.csv",
                right_value: rendered.of("files.csv").to_string(),
                not_checked: None,
            },
            TieOut {
                id: "T8",
                statement: "ticket references = resolved + unresolved + not checked",
                left: "dossiers",
                left_value: references.to_string(),
                right: "tickets.csv",
                right_value: rendered.of("tickets.csv").to_string(),
                not_checked: None,
            },
            TieOut {
                id: "T10",
                statement: "SHA-256 over the sorted change ids = the population hash on the cover",
                left: "walk",
                left_value: self.population_hash.clone(),
                right: "changes.csv",
                right_value: hash_lines(rendered.change_ids.clone()),
                not_checked: None,
            },
        ]
    }
}

fn paths(dossier: &Dossier) -> u64 {
    let commit = &dossier.change.commit;
    let renames = commit.file_edits.iter().filter(|edit| edit.kind == EditKind::Renamed).count();
    u64::from(commit.paths_changed) - renames as u64
}

/// Counts the records of a CSV file as its bytes go by, and keeps the second field of each.
///
/// It knows nothing of the library that writes them: a record ends at a line feed outside quotes.
#[derive(Debug, Default)]
pub struct RecordCounter {
    quoted: bool,
    field: usize,
    records: u64,
    second: Vec<u8>,
    keep: bool,
    kept: Vec<String>,
}

impl RecordCounter {
    /// A counter that also keeps second fields.
    #[must_use]
    pub fn keeping_second_fields() -> Self {
        Self { keep: true, ..Self::default() }
    }

    /// Ends the count, the header not counted.
    #[must_use]
    pub fn finish(mut self) -> (u64, Vec<String>) {
        if !self.kept.is_empty() {
            self.kept.remove(0);
        }
        (self.records.saturating_sub(1), self.kept)
    }
}

impl io::Write for RecordCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            match byte {
                b'"' => self.quoted = !self.quoted,
                b',' if !self.quoted => self.field += 1,
                b'\n' if !self.quoted => {
                    self.records += 1;
                    self.field = 0;
                    if self.keep {
                        self.kept.push(String::from_utf8_lossy(&std::mem::take(&mut self.second)).into_owned());
                    }
                }
                other if self.keep && self.field == 1 => self.second.push(*other),
                _ => {}
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::RecordCounter;

    #[test]
    fn records_are_counted_outside_quotes_only() {
        let mut counter = RecordCounter::keeping_second_fields();
        counter.write_all(b"seq,id,x\r\n1,aa,\"a\nb,\"\"c\"\r\n2,bb,\r\n").unwrap();
        assert_eq!(counter.finish(), (2, vec!["aa".to_owned(), "bb".to_owned()]));
    }
}
