//! A commit-graph file that lies: its checksum is right, its parents and generations are not.
//!
//! Format: <https://git-scm.com/docs/gitformat-commit-graph>.

use crate::support::{Fallible, TestRepo, TestResult};

const HASH: usize = 20;
const ENTRY: usize = HASH + 16;
const NO_PARENT: u32 = 0x7000_0000;

/// Writes a commit-graph file and makes HEAD the only parent of the base in it, the base of a very high generation and
/// everything else of the lowest.
pub fn write(repo: &TestRepo, base: &str) -> TestResult {
    let head = repo.git(["rev-parse", "HEAD"])?;
    repo.git(["commit-graph", "write", "--reachable"])?;
    let path = repo.path().join(".git/objects/info/commit-graph");
    let mut bytes = std::fs::read(&path)?;
    let (ids, data) = (chunk(&bytes, b"OIDL")?, chunk(&bytes, b"CDAT")?);
    let count = (data - ids) / HASH;
    let position =
        |id: &str| (0..count).find(|at| countersign::text::hex(&bytes[ids + at * HASH..][..HASH]) == id).ok_or("not in the file");
    let (base, head) = (position(base)?, u32::try_from(position(&head)?)?);
    for at in 0..count {
        let generation: u32 = if at == base { 0x3000_0000 } else { 1 };
        let place = data + at * ENTRY + HASH + 8;
        // The lowest two bits belong to the date; those of this century are zero.
        bytes[place..][..4].copy_from_slice(&(generation << 2).to_be_bytes());
    }
    let parents = data + base * ENTRY + HASH;
    bytes[parents..][..4].copy_from_slice(&head.to_be_bytes());
    bytes[parents + 4..][..4].copy_from_slice(&NO_PARENT.to_be_bytes());
    let end = bytes.len() - HASH;
    let mut sum = gix::hash::hasher(gix::hash::Kind::Sha1);
    sum.update(&bytes[..end]);
    let sum = sum.try_finalize()?;
    bytes[end..].copy_from_slice(sum.as_slice());
    std::fs::remove_file(&path)?;
    std::fs::write(&path, &bytes)?;
    Ok(())
}

/// Where a chunk begins: after 8 bytes of header stands a table of names and offsets.
fn chunk(bytes: &[u8], name: &[u8]) -> Fallible<usize> {
    let row = bytes[8..].chunks(12).take(usize::from(bytes[6])).find(|row| row.starts_with(name)).ok_or("no such chunk")?;
    Ok(usize::try_from(u64::from_be_bytes(row[4..12].try_into()?))?)
}
