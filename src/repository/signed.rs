//! A signed object taken apart: the signature, and the bytes it was made over, cut exactly as git cuts them.

use std::collections::BTreeSet;

use gix::objs::Kind;

use super::commit::People;
use super::{Reader, Repository, RepositoryError, Signature, SignatureKind, armour, git_id, own_id};
use crate::text::{CommitId, ObjectId, visible_line};

/// A signature with what it was made over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedBytes {
    /// The armoured signature.
    pub signature: Vec<u8>,
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// How many signature headers were put together; git makes one.
    pub headers: usize,
}

/// Why there is no signature to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// The object has none.
    None,
    /// It has one over its name in the other object format, which is not here.
    OtherFormat,
    /// The object cannot be read.
    Unreadable(String),
}

/// A tag that carries a signature.
#[derive(Clone, Debug)]
pub struct SignedTag {
    /// Its name without `refs/tags/`; what would be hidden is visible.
    pub name: String,
    /// The commit it leads to.
    pub commit: CommitId,
    /// Who says to have made it, and when.
    pub tagger: Option<Signature>,
    /// The format of its signature.
    pub kind: SignatureKind,
    /// The signature and what it was made over.
    pub bytes: SignedBytes,
}

impl Repository {
    /// Every signed tag that leads to one of some commits, sorted by name, and the names of the tags that cannot be read.
    ///
    /// # Errors
    ///
    /// When the references cannot be listed.
    pub fn signed_tags(&self, wanted: &BTreeSet<CommitId>) -> Result<(Vec<SignedTag>, Vec<String>), RepositoryError> {
        const PREFIX: &str = "refs/tags/";
        let failed = |source| RepositoryError::References { prefix: PREFIX, source };
        let mut reader = self.reader();
        let repo = reader.repo.clone();
        let platform = repo.references().map_err(failed)?;
        let (mut tags, mut unreadable) = (Vec::new(), Vec::new());
        // An unreadable reference is told elsewhere.
        for reference in platform.prefixed(PREFIX).map_err(failed)?.flatten() {
            let Some(id) = reference.try_id() else { continue };
            let name = reference.name().as_bstr().to_string();
            let name = visible_line(name.strip_prefix(PREFIX).unwrap_or(&name));
            let Ok(raw) = reader.tag(&id) else {
                unreadable.push(name);
                continue;
            };
            let Some((tagger, kind, bytes)) = raw.and_then(|raw| signed_tag(&raw)) else { continue };
            match self.commit_behind(own_id(&id)) {
                Ok(Some(commit)) if wanted.contains(&commit) => tags.push(SignedTag { name, commit, tagger, kind, bytes }),
                Ok(_) => {}
                Err(_) => unreadable.push(name),
            }
        }
        tags.sort_by(|left, right| left.name.cmp(&right.name));
        unreadable.sort_unstable();
        Ok((tags, unreadable))
    }
}

/// The signature at the end of a tag, as `parse_signature` of git cuts it: from the last line that begins one. Headers over
/// the tag in the other object format were not signed.
fn signed_tag(raw: &[u8]) -> Option<(Option<Signature>, SignatureKind, SignedBytes)> {
    let starts = memchr::memrchr_iter(b'\n', raw).map(|at| at + 1).chain([0]);
    let kind_at = |at: usize| armour::kind(raw.get(at..)?.split(|byte| *byte == b'\n').next()?.trim_ascii_end()).known();
    let (at, kind) = { starts }.find_map(|at| Some((at, kind_at(at)?)))?;
    let (text, signature) = raw.split_at_checked(at)?;
    let payload = cut(text, b"").payload;
    let mut headers = text.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    let tagger = headers.find_map(|line| line.strip_prefix(b"tagger "));
    let tagger = tagger.and_then(|line| People::default().signature(Some(line), None));
    Some((tagger, kind, SignedBytes { signature: signature.to_vec(), payload, headers: 1 }))
}

impl Reader {
    /// The signature of a commit.
    ///
    /// # Errors
    ///
    /// Says why there is none to check.
    pub fn signed_commit(&mut self, id: CommitId) -> Result<SignedBytes, Unsigned> {
        let raw = self.object(&git_id(id.0), Kind::Commit).map_err(Unsigned::Unreadable)?;
        let signed = cut(&raw, own_header(id.0));
        match signed.headers {
            0 if signed.payload.len() < raw.len() => Err(Unsigned::OtherFormat),
            0 => Err(Unsigned::None),
            _ => Ok(signed),
        }
    }
}

/// The header that holds a signature over the object as this repository has it.
pub(super) fn own_header(id: ObjectId) -> &'static [u8] {
    if id.as_bytes().len() == 32 { b"gpgsig-sha256" } else { b"gpgsig" }
}

/// Cuts the signature out of the headers of an object, as `parse_buffer_signed_by_header` of git does: the continuation
/// lines of the own header are the signature, and every header that begins with `gpgsig` was not signed.
fn cut(raw: &[u8], own: &[u8]) -> SignedBytes {
    let mut signed = SignedBytes::default();
    let mut rest = raw;
    let (mut in_own, mut in_other) = (false, false);
    while let Some(first) = rest.first() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        let value = line.strip_prefix(own).and_then(|value| value.strip_prefix(b" ")).filter(|_| !own.is_empty());
        let continued = line.strip_prefix(b" ");
        in_own = match (value, continued.filter(|_| in_own)) {
            (Some(value), _) => {
                signed.headers += 1;
                signed.signature.extend_from_slice(value);
                true
            }
            (None, Some(value)) => {
                signed.signature.extend_from_slice(value);
                true
            }
            (None, None) => false,
        };
        in_other = !in_own && (line.starts_with(b"gpgsig") || in_other && continued.is_some());
        if *first == b'\n' {
            signed.payload.extend_from_slice(rest);
            break;
        }
        if !in_own && !in_other {
            signed.payload.extend_from_slice(line);
        }
        rest = after;
    }
    signed
}

/// The bytes inside of armour.
#[must_use]
pub fn unarmoured(armoured: &[u8]) -> Vec<u8> {
    armour::decoded(armoured.split(|byte| *byte == b'\n').skip(1), armoured.len())
}

/// The bytes that base64 text stands for; what is no base64 is passed over.
#[must_use]
pub fn from_base64(text: &[u8]) -> Vec<u8> {
    armour::decoded(std::iter::once(text), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_headers_are_cut_out_and_everything_else_was_signed() {
        let raw = b"tree 1\ngpgsig-sha256 other\n more\nparent 2\ngpgsig BEGIN\n \n line\n END\nauthor a\n\nsubject\n gpgsig no\ngpgsig x\n";
        let signed = cut(raw, b"gpgsig");
        assert_eq!(signed.signature, b"BEGIN\n\nline\nEND\n");
        assert_eq!(signed.payload, b"tree 1\nparent 2\nauthor a\n\nsubject\n gpgsig no\ngpgsig x\n");
        assert_eq!(signed.headers, 1);
        let other = cut(raw, b"gpgsig-sha256");
        assert_eq!((other.signature.as_slice(), other.headers), (&b"other\nmore\n"[..], 1));
        assert_eq!(other.payload, signed.payload);
    }

    #[test]
    fn a_tag_is_signed_at_its_end() {
        let raw = b"object 1\ntype commit\ntag v1\ntagger A <a@b> 5 +0000\ngpgsig-sha256 x\n y\n\ntext\n\
                    -----BEGIN SSH SIGNATURE-----\nquoted\n-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";
        let (tagger, kind, bytes) = signed_tag(raw).unwrap();
        assert_eq!(tagger.unwrap().when.known().unwrap().seconds, 5);
        assert_eq!(kind, SignatureKind::Ssh);
        assert!(bytes.payload.ends_with(b"tagger A <a@b> 5 +0000\n\ntext\n-----BEGIN SSH SIGNATURE-----\nquoted\n"));
        assert_eq!(bytes.signature, b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n");
        assert!(signed_tag(b"object 1\n\nplain\n").is_none());
        assert!(signed_tag(b"").is_none());
    }

    #[test]
    fn a_message_with_a_zero_byte_is_signed_as_a_whole() {
        let signed = cut(b"tree 1\ngpgsig S\n\nsubject\0hidden\n", b"gpgsig");
        assert_eq!(signed.payload, b"tree 1\n\nsubject\0hidden\n");
        assert_eq!(cut(b"tree 1\n\nplain", b"gpgsig").headers, 0);
        assert_eq!(cut(b"", b"gpgsig"), SignedBytes::default());
        assert_eq!(cut(b"gpgsig a\ngpgsig b", b"gpgsig").headers, 2);
    }
}
