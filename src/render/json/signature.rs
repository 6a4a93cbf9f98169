//! What is known about the signature of a commit.

use serde::Serialize;

use super::person::{JsonPerson, person};
use crate::checks::Signer;
use crate::evidence::Grade;
use crate::evidence::signatures::{CheckedSignature, CheckedTag, SignatureVerdict, utc};
use crate::render::columns::{Columns, SignatureFacts, format_words};

#[derive(Serialize)]
pub(super) struct JsonSigned<'a> {
    format: &'static str,
    key: Option<&'a str>,
    forge: Option<&'static str>,
    checked: Option<JsonChecked<'a>>,
}

#[derive(Serialize)]
struct JsonChecked<'a> {
    verdict: &'static str,
    because: &'a str,
    signer: Option<&'static str>,
    names: &'a [Box<str>],
    valid_from: Option<String>,
    valid_until: Option<String>,
    judged_at: Option<String>,
    arrived_at: Option<String>,
    /// Of the claim who committed it, and of no other.
    grade: &'static str,
}

/// A signed tag on a commit of the change.
#[derive(Serialize)]
pub(super) struct JsonTag<'a> {
    name: &'a str,
    commit_id: String,
    tagger: Option<JsonPerson<'a>>,
    signed: JsonSigned<'a>,
}

pub(super) fn tag<'a>(columns: &Columns<'_>, tag: &'a CheckedTag) -> JsonTag<'a> {
    let key = tag.signature.key.as_deref();
    JsonTag {
        name: &tag.name,
        commit_id: tag.commit.to_string(),
        tagger: tag.tagger.as_deref().map(person),
        signed: JsonSigned {
            format: format_words(tag.kind),
            key,
            forge: key.and_then(|key| columns.signers.forge(key)),
            checked: Some(checked(&tag.signature, None)),
        },
    }
}

pub(super) fn signed<'a>(facts: &SignatureFacts<'a>) -> JsonSigned<'a> {
    let checked = facts.checked.map(|found| checked(found, facts.signer.as_ref()));
    JsonSigned { format: facts.format, key: facts.key, forge: facts.forge, checked }
}

fn checked<'a>(found: &'a CheckedSignature, signer: Option<&Signer>) -> JsonChecked<'a> {
    let is_committers = matches!(signer, Some(Signer::Committer(_) | Signer::Forge(_)));
    let grade = if found.verdict == SignatureVerdict::Good && is_committers { Grade::Verified } else { Grade::Asserted };
    let signer = signer.map(|signer| match signer {
        Signer::Committer(_) => "committer",
        Signer::Author(_) => "author",
        Signer::Forge(_) => "forge",
        Signer::Other(_) => "somebody else",
    });
    JsonChecked {
        verdict: found.verdict.words(),
        because: &found.because,
        signer,
        names: &found.names,
        valid_from: found.valid.from.map(utc),
        valid_until: found.valid.until.map(utc),
        judged_at: found.judged_at.map(utc),
        arrived_at: found.arrived_at.map(utc),
        grade: grade.word(),
    }
}
