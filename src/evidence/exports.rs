//! Evidence from outside of Git: files as other systems gave them, recognised by their shape, each with its hash.

use sha2::{Digest as _, Sha256};

use super::Dossier;
use super::gate_records::{GateRecord, RecordedRuling, RulingIndex, SCHEMA};
use crate::text::hex;

/// One file as it was given.
#[derive(Clone, Debug)]
pub struct EvidenceFile {
    /// Its path in the pack, below `raw/`.
    pub name: String,
    /// SHA-256 of its bytes (64 hexadecimal digits).
    pub sha256: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it was recognised as.
    pub kind: &'static str,
}

/// Everything that was given beside the repository.
#[derive(Debug, Default)]
pub struct Exports {
    /// The files, sorted by name.
    pub files: Vec<EvidenceFile>,
    /// The gate's decision records, each with the name of its file.
    pub gate: Vec<(String, GateRecord)>,
    /// Rulings that are about no change of the period: the subject, the decision, when, and the file.
    pub unmatched: Vec<Unmatched>,
}

/// A ruling of the gate that is about no change of the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// What was judged.
    pub subject: String,
    /// The decision.
    pub decision: &'static str,
    /// When (RFC 3339 UTC).
    pub at: String,
    /// The record's file in the pack.
    pub file: String,
}

/// Why a file cannot serve as evidence.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct ExportError {
    /// The file.
    pub file: String,
    /// What is wrong and where.
    pub problem: String,
}

impl Exports {
    /// Recognises files by their shape; `files` are names below `raw/` with their bytes.
    ///
    /// # Errors
    ///
    /// For the first file that is not understood: nothing that was given is left aside in silence.
    pub fn read(files: Vec<(String, Vec<u8>)>) -> Result<Self, ExportError> {
        let mut exports = Self::default();
        for (name, bytes) in files {
            let wrong = |problem: String| ExportError { file: name.clone(), problem };
            let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| wrong(format!("not JSON: {error}")))?;
            let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or_default();
            if schema != SCHEMA {
                return Err(wrong(format!("not known; what is read is a decision record of the gate (`schema`: `{SCHEMA}`)")));
            }
            exports.gate.push((name.clone(), GateRecord::parse(value).map_err(wrong)?));
            let sha256 = hex(&Sha256::digest(&bytes));
            exports.files.push(EvidenceFile { name, sha256, bytes, kind: "decision record of the gate" });
        }
        Ok(exports)
    }

    /// Puts each ruling beside the changes it is about, and keeps those that are about none.
    pub fn attach(&mut self, dossiers: &mut [Dossier]) {
        let index = RulingIndex::new(self.gate.iter().map(|(file, record)| (record, file.as_str())));
        for dossier in dossiers.iter_mut() {
            dossier.gate = index.about(&dossier.change).map(Box::new);
        }
        let used = index.used_by(dossiers.iter().map(|dossier| &dossier.change));
        let rulings = self.gate.iter().flat_map(|(file, record)| record.rulings.iter().map(move |ruling| (file, record, ruling)));
        let unmatched = rulings.zip(used).filter(|(_, used)| !used);
        self.unmatched = unmatched.map(|((file, record, ruling), _)| unmatched_row(file, record, ruling)).collect();
    }

    /// How many rulings of the gate were given.
    #[must_use]
    pub fn rulings(&self) -> usize {
        self.gate.iter().map(|(_, record)| record.rulings.len()).sum()
    }
}

fn unmatched_row(file: &str, record: &GateRecord, ruling: &RecordedRuling) -> Unmatched {
    Unmatched {
        subject: ruling.subject.clone(),
        decision: ruling.decision.word(),
        at: record.decided_at.clone(),
        file: file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_an_error_that_names_the_file() {
        let read =
            |text: &str| Exports::read(vec![("1/x.json".into(), text.into())]).map(|_| ()).map_err(|error| error.to_string());
        assert!(read("{").unwrap_err().starts_with("1/x.json: not JSON"));
        assert!(read("{\"schema\": \"other\"}").unwrap_err().contains("not known"));
        assert!(read("[]").unwrap_err().contains("not known"));
        assert!(read(&format!("{{\"schema\": \"{SCHEMA}\"}}")).unwrap_err().contains("missing field"));
    }
}
