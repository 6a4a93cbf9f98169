//! X.509 signatures, checked by `openssl cms` against the given certificates, as of the moment that is asked for.
//!
//! openssl and not gpgsm, which git runs: gpgsm asks a running agent which roots are trusted, and judges as of the present.
//! Revocation lists are not looked at.

use std::path::{Path, PathBuf};

use super::program::run;
use super::{Bench, Found, SignatureVerdict, Validity};
use crate::repository::unarmoured;

/// The certificates that signers' certificates must lead to.
#[derive(Debug)]
pub(super) struct Certificates {
    /// The program, or why it cannot be used.
    pub program: Result<PathBuf, String>,
    /// All given certificates, one after the other.
    pub anchors: PathBuf,
}

/// What a signer's certificate says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Certificate {
    fingerprint: Option<String>,
    names: Vec<String>,
    valid: Validity,
}

impl Certificates {
    /// Checks the signature on a bench as of a moment.
    ///
    /// # Errors
    ///
    /// One sentence when it cannot be checked.
    pub fn check(&self, bench: &Bench, armoured: &[u8], at: i64) -> Result<Found, String> {
        let program = self.program.as_ref().map_err(Clone::clone)?;
        let failed = |error: std::io::Error| format!("a temporary file cannot be written: {}", error.kind());
        std::fs::write(&bench.signature, unarmoured(armoured)).map_err(failed)?;
        let moment = at.max(1).to_string();
        let trusted = ["-attime", &moment, "-purpose", "any"];
        let is_trusted = self.verify(program, bench, &trusted)?;
        if !is_trusted && !self.verify(program, bench, &["-noverify"])? {
            return Ok(Found::of(SignatureVerdict::Bad, "it was made over something else"));
        }
        let Certificate { fingerprint, names, valid } = certificate(program, bench)?;
        let found = match valid.at(at) {
            SignatureVerdict::Good if is_trusted => Found::of(SignatureVerdict::Good, ""),
            SignatureVerdict::Good => Found::of(
                SignatureVerdict::UnknownKey,
                "its certificate does not lead to a given certificate that was valid then",
            ),
            out_of_time @ (SignatureVerdict::Expired
            | SignatureVerdict::NotYetValid
            | SignatureVerdict::Bad
            | SignatureVerdict::UnknownKey
            | SignatureVerdict::Revoked
            | SignatureVerdict::NotChecked) => Found::of(out_of_time, ""),
        };
        Ok(Found { key: fingerprint, names, valid, ..found })
    }

    /// Whether the signature was made over the payload; the signer's certificate is left on the bench.
    fn verify(&self, program: &Path, bench: &Bench, more: &[&str]) -> Result<bool, String> {
        let signer = bench.folder.join("signer.pem");
        // What an earlier signature left must not speak for this one.
        let _ = std::fs::remove_file(&signer);
        let mut arguments: Vec<&std::ffi::OsStr> = ["cms", "-verify", "-binary", "-inform", "DER", "-no-CApath", "-no-CAstore"]
            .iter()
            .chain(more)
            .map(AsRef::as_ref)
            .collect();
        arguments.extend(["-in".as_ref(), bench.signature.as_os_str(), "-content".as_ref(), bench.payload.as_os_str()]);
        arguments.extend(["-CAfile".as_ref(), self.anchors.as_os_str(), "-signer".as_ref(), signer.as_os_str()]);
        arguments.extend(["-out".as_ref(), std::ffi::OsStr::new("/dev/null")]);
        Ok(run(program, &bench.folder, &arguments, None)?.well)
    }
}

fn certificate(program: &Path, bench: &Bench) -> Result<Certificate, String> {
    let signer = bench.folder.join("signer.pem");
    let mut arguments: Vec<&std::ffi::OsStr> = [
        "x509",
        "-noout",
        "-subject",
        "-nameopt",
        "RFC2253",
        "-email",
        "-startdate",
        "-enddate",
        "-fingerprint",
        "-sha256",
        "-in",
    ]
    .iter()
    .map(AsRef::as_ref)
    .collect();
    arguments.push(signer.as_os_str());
    Ok(read(&run(program, &bench.folder, &arguments, None)?.output))
}

/// Reads `subject=…`, `notBefore=Jan  1 00:00:00 2026 GMT`, `sha256 Fingerprint=AA:BB…` and lines that are an address.
fn read(output: &str) -> Certificate {
    let mut found = Certificate::default();
    let moment = |text: &str| {
        Some(chrono::NaiveDateTime::parse_from_str(text.trim(), "%b %e %H:%M:%S %Y GMT").ok()?.and_utc().timestamp())
    };
    for line in output.lines() {
        match line.split_once('=') {
            Some(("subject", name)) => found.names.insert(0, name.trim().to_owned()),
            Some(("notBefore", written)) => found.valid.from = moment(written),
            Some(("notAfter", written)) => found.valid.until = moment(written),
            Some((what, digits)) if what.eq_ignore_ascii_case("sha256 fingerprint") => {
                found.fingerprint = Some(digits.replace(':', "").to_uppercase());
            }
            None if line.contains('@') => found.names.push(line.trim().to_owned()),
            Some(_) | None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openssl_says_of_a_certificate_is_read() {
        let found = read(
            "subject=CN=Alice Example,O=Test\nalice@example.com\nnotBefore=Jan  1 00:00:00 2026 GMT\n\
             notAfter=Dec 31 23:59:59 2026 GMT\nsha256 Fingerprint=AB:CD\n",
        );
        let valid = Validity { from: Some(1_767_225_600), until: Some(1_798_761_599) };
        let names = vec!["CN=Alice Example,O=Test".to_owned(), "alice@example.com".to_owned()];
        assert_eq!(found, Certificate { fingerprint: Some("ABCD".into()), names, valid });
    }
}
