//! A repository whose commits the real programs sign, with keys made when a test runs and thrown away with their folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::support::{DAY, Fallible, START, TestRepo, TestResult, hermetic, is_installed};

/// Whether every program is there; says by name what is left out.
#[expect(clippy::print_stdout, reason = "whoever reads the tests' output learns what could not run")]
pub(super) fn has(programs: &[&str], what: &str) -> bool {
    let missing: Vec<&&str> = programs.iter().filter(|program| !is_installed(program)).collect();
    for program in &missing {
        println!("left out, since {program} is not installed: {what}");
    }
    missing.is_empty()
}

/// Runs a command to a good end and returns what it prints.
pub(super) fn done(command: &mut Command) -> Fallible<Vec<u8>> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(output.stdout)
}

/// A repository with a folder of keys beside it.
pub(super) struct Signed {
    pub(super) repo: TestRepo,
    pub(super) keys: PathBuf,
}

/// Who commits: name and address.
pub(super) const ALICE: (&str, &str) = ("Alice Example", "alice@example.com");
pub(super) const BOB: (&str, &str) = ("Bob Example", "bob@example.com");

impl Signed {
    pub(super) fn new(arguments: &[&str]) -> Fallible<Self> {
        let repo = TestRepo::empty_with(arguments)?;
        let keys = repo.beside("keys");
        std::fs::create_dir(&keys)?;
        Ok(Self { repo, keys })
    }

    pub(super) fn key(&self, name: &str) -> String {
        self.keys.join(name).display().to_string()
    }

    /// Makes an SSH key and returns its public half as a line of an allowed-signers file has it.
    pub(super) fn ssh_key(&self, name: &str) -> Fallible<String> {
        let path = self.key(name);
        done(hermetic("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "test key", "-f", &path]))?;
        Ok(std::fs::read_to_string(format!("{path}.pub"))?.trim().to_owned())
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Fallible<String> {
        std::fs::write(self.keys.join(name), text)?;
        Ok(self.key(name))
    }

    /// Commits with git itself, so many days after the start; `sign` are options of git that say how.
    pub(super) fn commit(&self, subject: &str, who: (&str, &str), day: i64, sign: &[&str]) -> TestResult {
        let mut command = hermetic("git");
        command.arg("-C").arg(self.repo.path()).args(sign).args(["commit", "-q", "--allow-empty", "-m", subject]);
        if !sign.is_empty() {
            command.arg("-S");
        }
        command.env("GNUPGHOME", self.keys.join("gnupg"));
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), who.0).env(format!("GIT_{role}_EMAIL"), who.1);
            command.env(format!("GIT_{role}_DATE"), format!("{} +0000", START + day * DAY));
        }
        done(&mut command).map(drop)
    }

    pub(super) fn commit_with_ssh(&self, subject: &str, who: (&str, &str), day: i64, key: &str) -> TestResult {
        let key = format!("user.signingkey={}", self.key(key));
        self.commit(subject, who, day, &["-c", "gpg.format=ssh", "-c", &key])
    }

    pub(super) fn tag_with_ssh(&self, name: &str, day: i64, key: &str) -> TestResult {
        let key = format!("user.signingkey={}", self.key(key));
        let mut command = hermetic("git");
        command.arg("-C").arg(self.repo.path()).args(["-c", "gpg.format=ssh", "-c", &key, "tag", "-s", "-m", name, name]);
        done(command.env("GIT_COMMITTER_DATE", format!("{} +0000", START + day * DAY))).map(drop)
    }

    /// Puts a commit on the branch whose signature was made by `sign` over the bytes without it.
    pub(super) fn raw(&self, message: &[u8], sign: impl Fn(&Path) -> Fallible<Vec<u8>>) -> Fallible<String> {
        let tree = self.repo.git(["mktree", "--missing"]).or_else(|_| self.repo.git(["write-tree"]))?;
        let parent = self.repo.git(["rev-parse", "--verify", "-q", "main"]).map(|id| format!("parent {id}\n"));
        let who = format!("Alice Example <alice@example.com> {START} +0000");
        let head = format!("tree {tree}\n{}author {who}\ncommitter {who}\n", parent.unwrap_or_default());
        let payload = [head.as_bytes(), b"\n", message].concat();
        let file = self.keys.join("payload");
        std::fs::write(&file, &payload)?;
        let armour = String::from_utf8(sign(&file)?)?;
        let header = if tree.len() == 64 { "gpgsig-sha256" } else { "gpgsig" };
        let header = format!("{header} {}\n", armour.trim_end().replace('\n', "\n "));
        let id = self.repo.raw_commit(&[head.as_bytes(), header.as_bytes(), b"\n", message].concat())?;
        self.repo.git(["update-ref", "refs/heads/main", &id])?;
        Ok(id)
    }

    pub(super) fn ssh_signature(&self, key: &str, file: &Path) -> Fallible<Vec<u8>> {
        let input = std::fs::File::open(file)?;
        done(hermetic("ssh-keygen").args(["-q", "-Y", "sign", "-n", "git", "-f", &self.key(key)]).stdin(input))
    }

    /// The column `signature` of data/commits.csv by the subject of the commit.
    pub(super) fn signatures(&self, pack: &str, arguments: &[&str]) -> Fallible<BTreeMap<String, String>> {
        let run = self.repo.report_to(pack, &[&["--to", "main"], arguments].concat())?;
        run.expect_exit(0)?;
        let rows = self.repo.pack(pack)?.table("commits.csv")?;
        Ok(rows.into_iter().map(|row| (row["subject"].clone(), row["signature"].clone())).collect())
    }

    /// What git itself says of each commit, by subject.
    pub(super) fn referee(&self, options: &[&str]) -> Fallible<BTreeMap<String, String>> {
        let mut command = hermetic("git");
        command.arg("-C").arg(self.repo.path()).args(options).args(["log", "--format=%s%x09%G?", "main"]);
        command.env("TZ", "UTC").env("GNUPGHOME", self.keys.join("gnupg"));
        let text = String::from_utf8(done(&mut command)?)?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(subject, word)| (subject.to_owned(), word.to_owned()))
            .collect())
    }
}

impl Signed {
    /// gpg with the signers' own key ring.
    pub(super) fn gpg(&self, arguments: &[&str], at: &str) -> Fallible<Vec<u8>> {
        let home = self.keys.join("gnupg");
        let mut command = hermetic("gpg");
        command.env("GNUPGHOME", home).args(["--batch", "-q", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]);
        done(command.args(["--faked-system-time", at]).args(arguments))
    }

    /// Makes an OpenPGP key on 1 January 2026 and returns its fingerprint.
    pub(super) fn openpgp_key(&self, who: &str, ends: &str) -> Fallible<String> {
        self.gpg(&["--quick-generate-key", who, "ed25519", "sign", ends], "20260101T000000")?;
        let listed = String::from_utf8(self.gpg(&["--with-colons", "--list-keys", who], "20260101T000000")?)?;
        let fingerprint = listed.lines().rfind(|line| line.starts_with("fpr:")).and_then(|line| line.split(':').nth(9));
        Ok(fingerprint.ok_or("no fingerprint")?.to_owned())
    }

    pub(super) fn openpgp_signature(&self, key: &str, at: &str, file: &Path) -> Fallible<Vec<u8>> {
        self.gpg(&["--armor", "--detach-sign", "-u", key, "-o", "-", &file.display().to_string()], at)
    }
}

impl Drop for Signed {
    fn drop(&mut self) {
        // gpg leaves an agent behind, which would outlive its folder.
        let home = self.keys.join("gnupg");
        if home.is_dir() {
            let _ = hermetic("gpgconf").env("GNUPGHOME", home).args(["--kill", "all"]).output();
        }
    }
}

pub(super) fn private_folder(path: &Path) -> TestResult {
    std::fs::create_dir(path)?;
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

impl Signed {
    /// Runs openssl in the folder of keys; the words of a command that have no blank in them.
    pub(super) fn openssl(&self, command: &str) -> Fallible<Vec<u8>> {
        done(hermetic("openssl").current_dir(&self.keys).args(command.split_whitespace()))
    }

    /// Two roots and a certificate of Alice below the first one, all of today and for a hundred years.
    pub(super) fn certificates(&self) -> TestResult {
        for root in ["root", "other"] {
            let words = format!("-subj /CN=Test-{root} -keyout {root}.key -out {root}.pem -days 36500");
            self.openssl(&format!("req -x509 -newkey rsa:2048 -nodes {words}"))?;
        }
        self.write("mail", "subjectAltName=email:alice@example.com\n")?;
        self.openssl("req -newkey rsa:2048 -nodes -subj /CN=Alice -keyout alice.key -out alice.csr")?;
        let issuer = "-CA root.pem -CAkey root.key -CAcreateserial";
        self.openssl(&format!("x509 -req -in alice.csr {issuer} -out alice.pem -extfile mail -days 36500")).map(drop)
    }

    pub(super) fn x509_signature(&self, file: &Path) -> Fallible<Vec<u8>> {
        std::fs::copy(file, self.keys.join("to-sign"))?;
        let pem = self.openssl("cms -sign -binary -signer alice.pem -inkey alice.key -outform PEM -in to-sign")?;
        Ok(String::from_utf8(pem)?.replace("CMS-----", "SIGNED MESSAGE-----").into_bytes())
    }
}
