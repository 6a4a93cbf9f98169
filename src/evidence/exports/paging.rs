//! Whether the pages of a list are all there, over all files.

use std::collections::{BTreeMap, BTreeSet};

use super::recorded::Page;

/// The pages of every list.
#[derive(Default)]
pub(super) struct PageSets {
    sets: BTreeMap<String, PageSet>,
    /// Files with an empty page, which does not tell its list; it ends the lists of its file.
    ended: BTreeSet<String>,
}

#[derive(Default)]
struct PageSet {
    rows: usize,
    total: Option<usize>,
    has_last: bool,
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
        set.rows += page.rows;
        set.total = set.total.max(page.total);
        set.has_last |= !page.has_more;
        set.files.insert(page.file);
    }

    /// What is missing, one sentence for each list.
    pub(super) fn gaps(self) -> Vec<String> {
        let mut gaps: Vec<String> = self.sets.iter().filter_map(|(name, set)| self.gap(name, set)).collect();
        let tell_nothing = self.ended.iter().filter(|file| !self.sets.values().any(|set| set.files.contains(*file)));
        gaps.extend(tell_nothing.map(|file| format!("{file}: it is an empty list, which does not tell what it would list")));
        gaps
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
            sets.add(Page { set: (*set).into(), file: "1/a.json".into(), rows: *rows, total: *total, has_more: *has_more });
        }
        sets.gaps()
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
