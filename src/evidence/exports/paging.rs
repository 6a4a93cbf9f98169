//! Whether the pages of a list are all there, over all files.

use std::collections::{BTreeMap, BTreeSet};

use super::recorded::{Page, PageOf, ProposalKey};

/// The pages of every list.
#[derive(Default)]
pub(super) struct PageSets {
    sets: BTreeMap<String, PageSet>,
    /// Files with an empty page, which does not tell its list; it ends the lists of its file.
    ended: BTreeSet<String>,
}

/// What pages tell that is not there.
#[derive(Default)]
pub(super) struct Missing {
    /// One sentence for each list.
    pub gaps: Vec<String>,
    /// Those of the sentences that are about proposals.
    pub proposals: Vec<String>,
    /// The proposals of which reviews are missing.
    pub reviews: BTreeSet<ProposalKey>,
}

#[derive(Default)]
struct PageSet {
    rows: usize,
    total: Option<usize>,
    has_last: bool,
    of: Vec<PageOf>,
    files: BTreeSet<String>,
}

impl PageSets {
    /// Takes in a page.
    pub(super) fn add(&mut self, page: Page) {
        if page.set.is_empty() {
            self.ended.insert(page.file);
            return;
        }
        let set = self.sets.entry(page.set).or_default();
        set.of.push(page.of);
        set.rows += page.rows;
        set.total = set.total.max(page.total);
        set.has_last |= !page.has_more;
        set.files.insert(page.file);
    }

    /// What is missing, one sentence for each list.
    pub(super) fn missing(self) -> Missing {
        let mut missing = Missing::default();
        for (name, set) in &self.sets {
            let Some(gap) = self.gap(name, set) else { continue };
            for of in &set.of {
                match of {
                    PageOf::Proposals => missing.proposals.push(gap.clone()),
                    PageOf::Reviews(keys) => missing.reviews.extend(keys.iter().cloned()),
                    PageOf::Other => {}
                }
            }
            missing.gaps.push(gap);
        }
        missing.proposals.dedup();
        let tell_nothing = self.ended.iter().filter(|file| !self.sets.values().any(|set| set.files.contains(*file)));
        missing
            .gaps
            .extend(tell_nothing.map(|file| format!("{file}: it is an empty list, which does not tell what it would list")));
        missing
    }

    fn gap(&self, name: &str, set: &PageSet) -> Option<String> {
        if let Some(total) = set.total {
            return (set.rows < total).then(|| format!("{name}: {} of {total} are there", set.rows));
        }
        let is_whole = set.has_last || set.files.iter().any(|file| self.ended.contains(file));
        (!is_whole)
            .then(|| format!("{name}: every page that is there is full or says that more follow; the last one is not there"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(pages: &[(&str, usize, Option<usize>, bool)]) -> Vec<String> {
        let mut sets = PageSets::default();
        for (set, rows, total, has_more) in pages {
            sets.add(Page {
                set: (*set).into(),
                of: PageOf::Other,
                file: "1/a.json".into(),
                rows: *rows,
                total: *total,
                has_more: *has_more,
            });
        }
        sets.missing().gaps
    }

    #[test]
    fn a_list_is_whole_with_its_last_page_or_its_total() {
        assert!(gaps(&[("pulls", 100, None, true), ("pulls", 7, None, false)]).is_empty());
        assert!(gaps(&[("pulls", 100, None, true), ("", 0, None, false)]).is_empty());
        assert!(gaps(&[("pulls", 100, Some(120), true), ("pulls", 20, Some(120), false)]).is_empty());
        assert!(gaps(&[("pulls", 100, None, true)]).concat().contains("the last one is not there"));
        assert!(gaps(&[("pulls", 100, Some(120), false)]).concat().contains("100 of 120"));
        assert!(gaps(&[("", 0, None, false)]).concat().contains("empty list"));
    }
}
