//! git-appraise: review requests and comments as JSON lines in `refs/notes/devtools/reviews` and `…/discuss`.

use std::sync::Arc;

use serde::Deserialize;

use crate::text::{Person, utc_text};

use super::notes::NoteRecord;
use super::{Decision, Evidence, Place, Proposal, Review, people};

/// A line of `refs/notes/devtools/reviews`; unknown fields are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    review_ref: Option<String>,
    target_ref: Option<String>,
    requester: Option<String>,
}

/// A line of `refs/notes/devtools/discuss`; unknown fields are ignored.
#[derive(Deserialize)]
struct Comment {
    timestamp: Option<String>,
    author: Option<String>,
    parent: Option<String>,
    resolved: Option<bool>,
    location: Option<Location>,
}

/// What a comment is about: a commit as a whole, or a file of it.
#[derive(Deserialize)]
struct Location {
    path: Option<String>,
}

/// Reads the review that was requested on the commit; who was asked to review is no review.
pub(super) fn read_requests(note: &NoteRecord<'_>, evidence: &mut Evidence) {
    for (line, text) in (1..).zip(note.text.lines()) {
        let Ok(request) = serde_json::from_str::<Request>(text) else { continue };
        if request.requester.is_none() && request.target_ref.is_none() {
            continue;
        }
        let branch = request.review_ref.as_deref().map(|name| name.strip_prefix("refs/heads/").unwrap_or(name));
        let id = format!("review {}", note.commit.0.short());
        let proposal = Proposal { id: id.into(), convention: "git-appraise request", branch: branch.map(Into::into) };
        evidence.add_proposal(note.claim(proposal, Place::Note(line)));
    }
}

/// Reads comments on the review as a whole; `resolved` true accepts it, false asks for changes.
pub(super) fn read_comments(note: &NoteRecord<'_>, evidence: &mut Evidence) {
    for (line, text) in (1..).zip(note.text.lines()) {
        let Ok(comment) = serde_json::from_str::<Comment>(text) else { continue };
        let Some(reviewer) = comment.author.as_deref().and_then(people::one) else { continue };
        let review = comment.into_review(reviewer);
        evidence.reviews.push(note.claim(review, Place::Note(line)));
    }
}

impl Comment {
    fn into_review(self, reviewer: Arc<Person>) -> Review {
        let is_answer = self.parent.is_some_and(|parent| !parent.is_empty());
        let is_about_a_file = self.location.and_then(|location| location.path).is_some_and(|path| !path.is_empty());
        let is_verdict = !is_answer && !is_about_a_file;
        let decision = match self.resolved {
            Some(true) if is_verdict => Decision::Approved,
            Some(false) if is_verdict => Decision::Rejected,
            Some(_) | None => Decision::Commented,
        };
        let seconds = self.timestamp.and_then(|text| text.trim_start_matches('0').parse().ok());
        let at = seconds.and_then(utc_text).map(Into::into);
        Review { reviewer, decision, convention: "git-appraise comment", quoted: false, at, record: None }
    }
}
