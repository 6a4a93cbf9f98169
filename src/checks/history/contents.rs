//! Could what changed be read?

use crate::changes::{GapAbout, ParseStatus};
use crate::checks::verdict::{Verdict, counted, header, judge_each_change, own_gap, shown, shown_path, some_of};
use crate::checks::{Card, Check, Finding, Gate, Period, Severity};
use crate::classification::FileClass;
use crate::evidence::{Dossier, Grade};
use crate::settings::Layer;
use crate::settings::reader::Section;

pub(super) static CONTENT_UNREADABLE: Card = Card {
    id: "content-unreadable",
    requirement: "What changes can be read: plain files that a reviewer and this audit understand in the same way.",
    rationale: "Nobody can say whether protection got weaker in a file that is encrypted, kept elsewhere, broken, or ambiguous. A file \
                with a key twice says one thing to its reader and another to the cluster.",
    remedy: "Mend the file, or keep policies out of what cannot be read. Have somebody who can read it confirm what it says.",
    severity: Severity::Medium,
    gate: Gate::Landing,
    references: &[("SOC 2", "CC8.1"), ("ISO 27001:2022", "A.8.9"), ("NIST SP 800-53", "CM-3"), ("NIST SP 800-53", "CM-6")],
    needs: "the contents of the changed files",
    waivable_by: "the owner of the layer concerned, not the author of the change",
    settings: &[("only_policies", "false", "whether only files count that show a policy or belong to the security layer")],
    since: "0.1.0",
    limits: "Files are looked at that by their names may hold Kubernetes objects, before and after the change; only those that show a \
             policy are parsed. A template is read by no one before it is filled in, and counts where it shows a policy. The severity \
             is high for a file that shows a policy or belongs to the security layer. A missing object is not assessable here and \
             stands in history-incomplete.",
};

/// See [`CONTENT_UNREADABLE`].
#[derive(Debug)]
pub(super) struct ContentUnreadable {
    only_policies: bool,
}

impl ContentUnreadable {
    pub(super) fn configured(section: &mut Section) -> Self {
        Self { only_policies: section.flag("only_policies", false) }
    }

    fn judge(&self, dossier: &Dossier) -> Verdict {
        let commit = &dossier.change.commit;
        let files = commit.file_edits.iter().zip(&dossier.classification.files).filter(|(_, class)| !class.ignored);
        let (mut looked_at, mut protects, mut unreadable) = (0_usize, false, Vec::new());
        for (edit, class) in files {
            match &edit.parse {
                ParseStatus::NotLookedAt => continue,
                ParseStatus::Scanned | ParseStatus::Parsed => {}
                ParseStatus::Unreadable(obstacle) => {
                    let is_protection = obstacle.shows_policy || is_of_security(class);
                    if is_protection || !self.only_policies {
                        protects |= is_protection;
                        unreadable.push(format!("{} ({})", shown_path(&edit.path), shown(&obstacle.reason)));
                    }
                }
            }
            looked_at += 1;
        }
        if !unreadable.is_empty() {
            let because = format!("{} cannot be read: {}", counted(unreadable.len(), "file"), some_of(unreadable));
            let verdict = Verdict::exception(Grade::Structural, because).citing([header()]);
            return if protects { verdict.at(Severity::High) } else { verdict };
        }
        if let Some(gap) = own_gap(commit, GapAbout::FileEdits).or_else(|| own_gap(commit, GapAbout::Content)) {
            return Verdict::not_assessable(gap.reason.clone());
        }
        if looked_at == 0 { Verdict::not_applicable() } else { Verdict::pass(Grade::Structural) }
    }
}

fn is_of_security(class: &FileClass) -> bool {
    class.layers.union(class.moved_from).contains(Layer::Security)
}

impl Check for ContentUnreadable {
    fn card(&self) -> &'static Card {
        &CONTENT_UNREADABLE
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        judge_each_change(&CONTENT_UNREADABLE, period, |_, dossier| self.judge(dossier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{Gap, Obstacle};
    use crate::checks::samples::{assess, dossier, outcomes, settings, settings_with, told, with_files};

    #[test]
    fn what_cannot_be_read_is_named_and_weighs_more_where_it_protects() {
        let parsed_as = |n, path, layer, status| {
            let mut dossier = with_files(dossier(n, "Say why"), &[(path, &[layer])]);
            dossier.change.commit.file_edits[0].parse = status;
            dossier
        };
        let broken =
            |shows_policy| ParseStatus::Unreadable(Box::new(Obstacle { reason: "line 3: a key twice".into(), shows_policy }));
        let mut missing = parsed_as(6, "a.yaml", Layer::Platform, ParseStatus::NotLookedAt);
        missing.change.commit.gaps = vec![Gap { about: GapAbout::Content, reason: "a.yaml: blob 01 is missing".into() }];
        let changes = [
            parsed_as(1, "a.txt", Layer::Platform, ParseStatus::NotLookedAt),
            parsed_as(2, "a.yaml", Layer::Platform, ParseStatus::Scanned),
            parsed_as(3, "a.yaml", Layer::Platform, broken(false)),
            parsed_as(4, "a.yaml", Layer::Platform, broken(true)),
            parsed_as(5, "a.yaml", Layer::Security, broken(false)),
            missing,
        ];
        let findings = assess(&CONTENT_UNREADABLE, &settings(), &changes);
        let expected = ["not applicable", "no exception", "exception", "exception", "exception", "not assessable"];
        assert_eq!(outcomes(&findings), expected);
        assert_eq!(told(&findings)[2], "exception: 1 file cannot be read: a.yaml (line 3: a key twice)");
        let severities: Vec<_> = findings[2..5].iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Medium, Severity::High, Severity::High]);
        let fewer = settings_with("[checks.content-unreadable]\nonly_policies = true");
        assert_eq!(outcomes(&assess(&CONTENT_UNREADABLE, &fewer, &changes))[2..4], ["no exception", "exception"]);
    }
}
