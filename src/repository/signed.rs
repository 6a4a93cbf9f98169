//! A signed object taken apart: the signature, and the bytes it was made over, cut exactly as git cuts them.

use gix::objs::Kind;

use super::{Reader, armour, git_id};
use crate::text::{CommitId, ObjectId};

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
        let value = line.strip_prefix(own).and_then(|value| value.strip_prefix(b" "));
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
    fn a_message_with_a_zero_byte_is_signed_as_a_whole() {
        let signed = cut(b"tree 1\ngpgsig S\n\nsubject\0hidden\n", b"gpgsig");
        assert_eq!(signed.payload, b"tree 1\n\nsubject\0hidden\n");
        assert_eq!(cut(b"tree 1\n\nplain", b"gpgsig").headers, 0);
        assert_eq!(cut(b"", b"gpgsig"), SignedBytes::default());
        assert_eq!(cut(b"gpgsig a\ngpgsig b", b"gpgsig").headers, 2);
    }
}
