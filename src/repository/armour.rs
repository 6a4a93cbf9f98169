//! What a signature says about itself: its format and the key it names. Nothing is verified here.

use sha2::{Digest as _, Sha256};

use super::SignatureKind;
use crate::text::hex;

/// So many bytes of a signature hold the key that it names, however long that is; the rest is not decoded.
const LOOKED_AT: usize = 4096;
/// In these most signatures have said all they say about their key.
const MOSTLY_ENOUGH: usize = 96;

/// The key that was found in the beginning of a signature.
struct Found {
    key: Option<String>,
    /// Whether a later part of the signature cannot change it.
    is_all: bool,
}

/// The format that the first line of a signature names.
pub(super) fn kind(first_line: &[u8]) -> SignatureKind {
    match first_line {
        b"-----BEGIN PGP SIGNATURE-----" | b"-----BEGIN PGP MESSAGE-----" => SignatureKind::OpenPgp,
        b"-----BEGIN SSH SIGNATURE-----" => SignatureKind::Ssh,
        b"-----BEGIN SIGNED MESSAGE-----" => SignatureKind::X509,
        _ => SignatureKind::Unknown,
    }
}

/// The key that a signature names: `SHA256:…` as ssh-keygen prints it, or the fingerprint or key id of an OpenPGP key in
/// capital hexadecimal digits. `None` where the signature names none, or in another form.
///
/// `lines` are those of the armour after its first one.
pub(super) fn named_key<'a>(kind: SignatureKind, lines: &(impl Iterator<Item = &'a [u8]> + Clone)) -> Option<String> {
    let named = |limit| match kind {
        SignatureKind::Ssh => {
            let key = ssh_key(&decoded(lines.clone(), limit));
            Found { is_all: key.is_some(), key }
        }
        SignatureKind::OpenPgp => openpgp_key(&decoded(lines.clone(), limit)),
        SignatureKind::X509 | SignatureKind::Unknown => Found { key: None, is_all: true },
    };
    let first = named(MOSTLY_ENOUGH);
    if first.is_all { first.key } else { named(LOOKED_AT).key }
}

/// The bytes that armour holds, up to a limit: header lines are passed over, the checksum or the last line ends it.
pub(crate) fn decoded<'a>(lines: impl Iterator<Item = &'a [u8]>, limit: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for line in lines {
        let line = line.trim_ascii();
        if line.starts_with(b"-----") || line.starts_with(b"=") || bytes.len() >= limit {
            break;
        }
        if line.contains(&b':') {
            continue;
        }
        for value in line.iter().filter_map(|byte| sextet(*byte)) {
            bits = bits << 6 | u32::from(value);
            held += 6;
            if held >= 8 {
                held -= 8;
                // Only the eight bits above those that are still held.
                bytes.push(u8::try_from(bits >> held & 0xff).unwrap_or_default());
            }
        }
    }
    bytes.truncate(limit);
    bytes
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// The fingerprint of a public key in the form of SSH, as ssh-keygen prints it: SHA-256 in base64 without padding.
#[must_use]
pub fn ssh_fingerprint(public_key: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(50);
    text.push_str("SHA256:");
    for chunk in Sha256::digest(public_key).chunks(3) {
        let mut bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for _ in 0..=chunk.len() {
            let digit = usize::try_from(bits >> 18 & 63).unwrap_or_default();
            text.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'A')));
            bits <<= 6;
        }
    }
    text
}

/// Format: `PROTOCOL.sshsig` of OpenSSH: `SSHSIG`, the version, then the public key as a string with its length.
fn ssh_key(blob: &[u8]) -> Option<String> {
    let rest = blob.strip_prefix(b"SSHSIG")?.get(4..)?;
    let key = string(rest)?;
    // A certificate's fingerprint is that of the key inside it, which is not looked for here.
    let kind = string(key)?;
    (!kind.ends_with(b"-cert-v01@openssh.com")).then(|| ssh_fingerprint(key))
}

fn string(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?);
    bytes.get(4..)?.get(..usize::try_from(length).ok()?)
}

/// Format: RFC 9580, 4.2 and 5.2: a signature packet whose subpackets name the issuer.
fn openpgp_key(packet: &[u8]) -> Found {
    let Some((hashed, unhashed)) = issuer_areas(packet) else {
        let key = old_openpgp_key(packet);
        return Found { is_all: key.is_some(), key };
    };
    let areas = [hashed, unhashed.unwrap_or(&[])];
    let fingerprint = areas.into_iter().find_map(fingerprint_in);
    let issuer = fingerprint.or_else(|| areas.into_iter().find_map(key_id_in));
    Found { is_all: fingerprint.is_some() || unhashed.is_some(), key: issuer.map(|id| hex(id).to_uppercase()) }
}

/// The hashed area and the other one of a signature; of the latter `None` where it is cut off.
fn issuer_areas(packet: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let body = signature_body(packet)?;
    let wide = match body.first()? {
        3 => return None,
        6 => true,
        _ => false,
    };
    let (hashed, rest) = counted(body.get(4..)?, wide)?;
    Some((hashed, counted(rest, wide).map(|(unhashed, _)| unhashed)))
}

/// The key of a signature of version 3, which has no areas.
fn old_openpgp_key(packet: &[u8]) -> Option<String> {
    let body = signature_body(packet)?;
    body.get(7..15).filter(|_| body.first() == Some(&3)).map(|id| hex(id).to_uppercase())
}

fn signature_body(packet: &[u8]) -> Option<&[u8]> {
    const SIGNATURE: u8 = 2;
    packet_body(packet).filter(|(tag, _)| *tag == SIGNATURE).map(|(_, body)| body)
}

/// The tag and the body of the first packet; what is cut off is left out, since only the beginning was decoded.
fn packet_body(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if first & 0x80 == 0 {
        return None;
    }
    if first & 0x40 == 0 {
        let length = match first & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => 0,
        };
        return Some((first >> 2 & 15, rest.get(length..)?));
    }
    let length = match rest.first()? {
        0..=191 => 1,
        192..=223 => 2,
        224..=254 => return None,
        255 => 5,
    };
    Some((first & 63, rest.get(length..)?))
}

/// An area with its length before it, and what follows.
fn counted(bytes: &[u8], wide: bool) -> Option<(&[u8], &[u8])> {
    let (length, rest) = if wide {
        (usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()?, bytes.get(4..)?)
    } else {
        (usize::from(u16::from_be_bytes(*bytes.first_chunk()?)), bytes.get(2..)?)
    };
    rest.split_at_checked(length)
}

fn fingerprint_in(area: &[u8]) -> Option<&[u8]> {
    subpackets(area).find(|(kind, _)| *kind == 33).and_then(|(_, content)| content.get(1..)).filter(|id| id.len() >= 16)
}

fn key_id_in(area: &[u8]) -> Option<&[u8]> {
    subpackets(area).find(|(kind, _)| *kind == 16).map(|(_, content)| content).filter(|id| id.len() == 8)
}

fn subpackets(mut area: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = match *area.first()? {
            short @ 0..=191 => (usize::from(short), area.get(1..)?),
            255 => (usize::try_from(u32::from_be_bytes(*area.get(1..)?.first_chunk()?)).ok()?, area.get(5..)?),
            long => ((usize::from(long) - 192) * 256 + usize::from(*area.get(1)?) + 192, area.get(2..)?),
        };
        let (packet, after) = rest.split_at_checked(length)?;
        area = after;
        let (kind, content) = packet.split_first()?;
        Some((kind & 0x7f, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with throw-away keys; ssh-keygen and gpg name the same keys.
    const SSH: &str = "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgX24Z+ItMwaOVKRv6QSDG23648Q\n\
                       wl6UlUK3PndYvn7gQAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5\n";

    fn key(kind: SignatureKind, text: &str) -> Option<String> {
        named_key(kind, &text.as_bytes().split(|byte| *byte == b'\n'))
    }

    #[test]
    fn the_key_of_an_ssh_signature_has_the_fingerprint_that_ssh_keygen_prints() {
        let expected = "SHA256:U1ZGoLvY0Jq++gSBZefo2a9k3nvzUOYKnNwe3breLlc";
        assert_eq!(key(SignatureKind::Ssh, SSH).as_deref(), Some(expected));
    }

    #[test]
    fn the_issuer_of_an_openpgp_signature_is_found_in_every_form() {
        let area = |kind: u8, content: &[u8]| [&[u8::try_from(content.len() + 1).unwrap(), kind], content].concat();
        let body = |hashed: &[u8], unhashed: &[u8]| {
            let length = |area: &[u8]| u16::try_from(area.len()).unwrap().to_be_bytes();
            [&[4, 0, 22, 8][..], &length(hashed), hashed, &length(unhashed), unhashed, &[0, 0]].concat()
        };
        let fingerprint = [&[4][..], &[0xAB; 20]].concat();
        let both = body(&area(33, &fingerprint), &area(16, &[0xCD; 8]));
        let old = |body: &[u8]| [&[0x88, u8::try_from(body.len()).unwrap()], body].concat();
        let new = |body: &[u8]| [&[0xC2, u8::try_from(body.len()).unwrap()], body].concat();
        let hashed_id = body(&area(16, &[0xCD; 8]), &area(33, &fingerprint));
        let cut = hashed_id.len() - 8;
        let beginning = openpgp_key(&old(&hashed_id)[..cut]);
        assert_eq!((beginning.key, beginning.is_all), (Some("CD".repeat(8)), false), "the fingerprint is cut off");
        assert_eq!(openpgp_key(&old(&hashed_id)).key, Some("AB".repeat(20)));
        assert_eq!(openpgp_key(&old(&both)).key, Some("AB".repeat(20)));
        assert_eq!(openpgp_key(&new(&body(&[], &area(16, &[0xCD; 8])))).key, Some("CD".repeat(8)));
        assert_eq!(openpgp_key(&old(&[&[3, 5, 0, 1, 1, 1, 1][..], &[0xEF; 8], &[0; 4]].concat())).key, Some("EF".repeat(8)));
    }

    #[test]
    fn garbage_names_no_key_and_never_panics() {
        for seed in 0..2000_u32 {
            let bytes: Vec<u8> =
                (0..seed % 90).map(|n| seed.wrapping_mul(2_654_435_761).rotate_left(n).to_be_bytes()[0]).collect();
            let _ = (ssh_key(&bytes), openpgp_key(&bytes));
            let _ = ssh_key(&[b"SSHSIG".as_slice(), &bytes].concat());
            let _ = openpgp_key(&[&[0x88, 200, 4, 0, 0, 0], bytes.as_slice()].concat());
        }
        assert_eq!(key(SignatureKind::OpenPgp, "\n\n####\n=AAAA\n"), None);
        assert_eq!(key(SignatureKind::Ssh, ""), None);
    }
}
