//! One commit as the sources see it: its message, trailers and branch, with the means to cite a place in it.

use std::ops::Range;

use crate::changes::Commit;
use crate::settings::TicketSettings;

use super::message::Message;
use super::{Citation, Claim, Evidence, Grade, Place, Proposal, Source, Trailer, trailers};

/// One commit ready to be read by every source of messages.
pub(super) struct Record<'a> {
    /// The commit.
    pub commit: &'a Commit,
    /// Its message.
    pub message: Message<'a>,
    /// Every trailer and trailer-like line, in order.
    pub trailers: Vec<Trailer>,
    /// How tickets are recognised.
    pub settings: &'a TicketSettings,
    /// Whether it is the change itself or a side commit.
    pub source: Source,
    /// The line of the last `(cherry picked from commit …)`, or 0: what stands above was said of the original.
    pub picked_on_line: u32,
    block: Range<usize>,
}

impl<'a> Record<'a> {
    /// Prepares a commit.
    pub fn new(commit: &'a Commit, source: Source, settings: &'a TicketSettings) -> Self {
        let message = Message::new(&commit.message.value);
        let (trailers, block) = trailers::read(&message);
        let picked_on_line = last_pick(&message);
        Self { commit, message, trailers, settings, source, picked_on_line, block }
    }

    /// The trailers and mentions with this key, without regard to case.
    pub fn trailers_named(&self, key: &'a str) -> impl Iterator<Item = &Trailer> {
        self.trailers.iter().filter(move |trailer| trailer.key.eq_ignore_ascii_case(key))
    }

    /// The place that a byte of the message belongs to.
    pub fn place_at(&self, offset: usize) -> Place {
        match self.message.line_at(offset) {
            1 => Place::Subject,
            line if self.block.contains(&offset) => Place::Trailer(line),
            line => Place::Body(line),
        }
    }

    /// A claim that anyone who could write the commit could have written.
    pub fn claim<T>(&self, value: T, place: Place) -> Claim<T> {
        Claim { value, grade: Grade::Asserted, citation: Citation { source: self.source.clone(), place } }
    }

    /// A claim read from a trailer or a trailer-like line.
    pub fn claim_from<T>(&self, value: T, trailer: &Trailer) -> Claim<T> {
        self.claim(value, trailer_place(trailer))
    }

    /// Adds a proposal to the evidence.
    pub fn propose(&self, evidence: &mut Evidence, id: &str, convention: &'static str, branch: Option<&str>, place: Place) {
        let proposal = Proposal { id: id.into(), convention, branch: branch.map(Into::into) };
        evidence.add_proposal(self.claim(proposal, place));
    }
}

fn last_pick(message: &Message<'_>) -> u32 {
    let is_pick = |text: &str| text.starts_with('(') && super::origins::picked_commit(text).is_some();
    message.body().filter(|(_, line)| is_pick(line.text)).last().map_or(0, |(number, _)| number)
}

/// Where a trailer stands.
pub(super) fn trailer_place(trailer: &Trailer) -> Place {
    match (trailer.in_block, trailer.line) {
        (true, line) => Place::Trailer(line),
        (false, 1) => Place::Subject,
        (false, line) => Place::Body(line),
    }
}

/// The digits at the start of a text; `None` when there are none or implausibly many.
pub(super) fn leading_number(text: &str) -> Option<&str> {
    const LONGEST: usize = 12;
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=LONGEST).contains(&length) { text.get(..length) } else { None }
}
