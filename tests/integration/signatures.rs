//! Signatures made by the real programs, checked against given keys; git with the same keys is the referee.
//!
//! Keys are made when the tests run and thrown away with their folders. What a test needs and the machine does not have is
//! said by name.

mod signed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::signed::{ALICE, BOB, Signed, has, private_folder};
use super::support::{Fallible, Pack, Row, Run, TestResult, binary, hermetic};

/// The verdict in a cell.
fn verdict(cell: &str) -> &str {
    let verdicts = ["unknown key", "key expired", "key not valid yet", "key revoked", "not checked", "good", "bad", "none"];
    let has = |verdict: &&str| {
        cell == *verdict || cell.split(", ").any(|part| part.split([';', '(']).next().is_some_and(|word| word.trim() == *verdict))
    };
    verdicts.into_iter().find(has).unwrap_or("?")
}

/// Holds every verdict against git's: `G` for good, and for nothing else.
fn expect_agreement(found: &BTreeMap<String, String>, referee: &BTreeMap<String, String>) -> TestResult {
    assert_eq!(found.keys().collect::<Vec<_>>(), referee.keys().collect::<Vec<_>>());
    for (subject, cell) in found {
        let git = referee[subject].as_str();
        let expected: &[&str] = match verdict(cell) {
            "good" => &["G"],
            "none" => &["N"],
            "bad" | "key revoked" => &["B"],
            "unknown key" | "key expired" | "key not valid yet" => &["U", "E", "X", "B"],
            other => return Err(format!("{subject}: {other} in {cell}").into()),
        };
        assert!(expected.contains(&git), "{subject}: git says {git}, countersign {cell}");
    }
    Ok(())
}

/// The files of keys that a history is checked against.
struct SshFiles {
    signers: String,
    revoked: String,
    lines: String,
}

/// A commit and a tag for every verdict.
fn ssh_history(signed: &Signed) -> Fallible<SshFiles> {
    let mut lines = String::new();
    for (name, options) in [
        ("alice", "alice@example.com namespaces=\"git\""),
        ("bob", "bob@example.com"),
        ("old", "alice@example.com valid-before=\"20260110\""),
        ("new", "alice@example.com valid-after=\"20260201\""),
        ("revoked", "alice@example.com"),
        ("files", "alice@example.com namespaces=\"file\""),
    ] {
        lines.push_str(&format!("{options} {}\n", signed.ssh_key(name)?));
    }
    signed.ssh_key("stranger")?;
    let signers = signed.write("allowed_signers", &lines)?;
    let revoked = format!("{}.pub", signed.key("revoked"));
    signed.commit("unsigned", ALICE, 1, &[])?;
    signed.commit_with_ssh("by the committer", ALICE, 2, "alice")?;
    signed.commit_with_ssh("by another", ALICE, 3, "bob")?;
    signed.commit_with_ssh("in time", ALICE, 4, "old")?;
    signed.commit_with_ssh("too late", ALICE, 5, "old")?;
    signed.commit_with_ssh("too early", ALICE, 6, "new")?;
    signed.commit_with_ssh("revoked", ALICE, 7, "revoked")?;
    signed.commit_with_ssh("stranger", ALICE, 8, "stranger")?;
    signed.commit_with_ssh("for files only", ALICE, 9, "files")?;
    signed.raw(b"with a zero\0 byte and more\n", |file| signed.ssh_signature("alice", file))?;
    signed.raw(b"tampered\n", |file| {
        let text = String::from_utf8(std::fs::read(file)?)?;
        std::fs::write(file, text.replace("tampered", "original"))?;
        signed.ssh_signature("alice", file)
    })?;
    signed.tag_with_ssh("v1", 3, "alice")?;
    signed.tag_with_ssh("v2", 20, "old")?;
    signed.repo.git(["tag", "light"])?;
    Ok(SshFiles { signers, revoked, lines })
}

/// Every verdict of SSH in a repository of an object format.
fn ssh_verdicts(format: &str) -> TestResult {
    let signed = Signed::new(&[format])?;
    let SshFiles { signers, revoked, lines } = ssh_history(&signed)?;
    let arguments = ["--signers", &signers, "--revoked-keys", &revoked];
    let mut found = signed.signatures("pack", &arguments)?;
    let expected = [
        ("unsigned", "none"),
        ("by the committer", "good"),
        ("by another", "good"),
        ("in time", "good"),
        ("too late", "key expired"),
        ("too early", "key not valid yet"),
        ("revoked", "key revoked"),
        ("stranger", "unknown key"),
        ("for files only", "unknown key"),
        ("tampered", "bad"),
    ];
    for (subject, word) in expected {
        assert_eq!(verdict(&found[subject]), word, "{subject}: {}", found[subject]);
    }
    assert!(found["by the committer"].contains("key of the committer (same address)"), "{}", found["by the committer"]);
    assert!(found["by another"].contains("not of the committer"), "{}", found["by another"]);
    assert!(found["in time"].contains(
        "valid until 2026-01-10T00:00:00Z; judged at the date of the committer, 2026-01-09T12:00:00Z (their own word)"
    ));
    let zero = found.keys().find(|subject| subject.starts_with("with a zero")).ok_or("no such commit")?.clone();
    assert_eq!(verdict(&found[&zero]), "good");
    // git shows the subject up to the zero byte.
    let cell = found.remove(&zero).ok_or("gone")?;
    found.insert("with a zero".into(), cell);
    let (file, list) = (format!("gpg.ssh.allowedSignersFile={signers}"), format!("gpg.ssh.revocationFile={revoked}"));
    expect_agreement(&found, &signed.referee(&["-c", &file, "-c", &list])?)?;

    let pack = signed.repo.pack("pack")?;
    expect_tags(&signed, &pack, &file)?;
    let raw = std::fs::read_to_string(pack.folder.join("raw/keys/1/allowed_signers"))?;
    assert_eq!(raw, lines, "the keys are in the pack");
    reperform(&signed, &pack)?;
    expect_same_elsewhere(&signed, &pack, &arguments)
}

/// Tags have the verdicts of git, too; `keys` is the option that names the file to git.
fn expect_tags(signed: &Signed, pack: &Pack, keys: &str) -> TestResult {
    let json = pack.json()?;
    let changes = json["changes"].as_array().ok_or("no changes")?;
    let tags = changes.iter().filter_map(|change| change["tags"].as_array()).flatten();
    let tags: Vec<_> = tags.map(|tag| (tag["name"].as_str(), tag["signed"]["checked"]["verdict"].as_str())).collect();
    assert_eq!(tags, [(Some("v1"), Some("good")), (Some("v2"), Some("key expired"))]);
    for (tag, holds) in [("v1", true), ("v2", false)] {
        let verified = signed.repo.git(["-c", keys, "-c", "gpg.ssh.program=ssh-keygen", "verify-tag", tag]);
        assert_eq!(verified.is_ok(), holds, "{tag}");
    }
    Ok(())
}

/// Another time zone and another folder of work: the same bytes.
fn expect_same_elsewhere(signed: &Signed, pack: &Pack, arguments: &[&str]) -> TestResult {
    let run = binary()
        .env("TZ", "Pacific/Kiritimati")
        .current_dir(signed.repo.path())
        .arg("report")
        .arg("--repo")
        .arg(signed.repo.path())
        .args(arguments)
        .args(["--to", "main", "--out"])
        .arg(signed.repo.beside("again"))
        .output()?;
    Run::of(&run).expect_exit(0)?;
    let (mut first, mut second) = (pack.files()?, signed.repo.pack("again")?.files()?);
    first.remove("run.json");
    second.remove("run.json");
    assert!(first == second, "two packs differ");
    Ok(())
}

/// Plain git counts as many signatures, and as many good ones, as the pack says.
fn reperform(signed: &Signed, pack: &Pack) -> TestResult {
    let text = pack.text("REPERFORM.txt")?;
    let steps = text.split("\n\n    ").filter_map(|step| step.split_once("\n\n   expected: "));
    let mut steps: Vec<_> = steps.filter(|(command, _)| command.contains("gpgsig") || command.contains("%G?")).collect();
    assert_eq!(steps.len(), 2, "{text}");
    for (command, rest) in steps.drain(..) {
        let output = hermetic("sh").args(["-c", command]).env("PACK", &pack.folder).current_dir(signed.repo.path()).output()?;
        let expected = rest.split("\n\n").next().unwrap_or_default().trim();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected, "{command}");
    }
    Ok(())
}

#[test]
fn ssh_signatures_have_the_verdicts_of_git() -> TestResult {
    if !has(&["ssh-keygen"], "verdicts on SSH signatures") {
        return Ok(());
    }
    ssh_verdicts("--object-format=sha1")?;
    ssh_verdicts("--object-format=sha256")
}

/// The hour at which most signatures are made.
const NOON: &str = "20260105T120000";

/// A commit for every verdict; gives the folder of public keys, Alice's key and one that is not among them.
fn openpgp_history(signed: &Signed) -> Fallible<[String; 3]> {
    private_folder(&signed.keys.join("gnupg"))?;
    let alice = signed.openpgp_key("Alice Example <alice@example.com>", "never")?;
    // Ended long before anybody runs this test, and valid when it signed.
    let brief = signed.openpgp_key("Brief Example <alice@example.com>", "2d")?;
    let bob = signed.openpgp_key("Bob Example <bob@example.com>", "never")?;
    let stranger = signed.openpgp_key("Mallory <alice@example.com>", "never")?;
    let gone = signed.openpgp_key("Gone Example <alice@example.com>", "never")?;
    for (subject, key, at) in [
        ("good", &alice, NOON),
        ("by another", &bob, NOON),
        ("too late", &brief, "20260102T120000"),
        ("stranger", &stranger, NOON),
        ("revoked", &gone, NOON),
    ] {
        signed.raw(format!("{subject}\n").as_bytes(), |file| signed.openpgp_signature(key, at, file))?;
    }
    signed.raw(b"tampered\n", |file| {
        std::fs::write(file, "something else")?;
        signed.openpgp_signature(&alice, NOON, file)
    })?;
    signed.raw(b"two signatures in one\n", |file| {
        let one = |key: &str| signed.openpgp_signature(key, NOON, file);
        Ok([one(&alice)?, one(&bob)?].concat())
    })?;
    let certificate = std::fs::read_to_string(signed.keys.join(format!("gnupg/openpgp-revocs.d/{gone}.rev")))?;
    let certificate = signed.write("revocation", &certificate.replace(":-----BEGIN", "-----BEGIN"))?;
    signed.gpg(&["--import", &certificate], NOON)?;
    let ring = signed.keys.join("ring");
    std::fs::create_dir(&ring)?;
    for (name, key) in [("alice.asc", &alice), ("brief.asc", &brief), ("bob.asc", &bob), ("gone.asc", &gone)] {
        std::fs::write(ring.join(name), signed.gpg(&["--armor", "--export", key], NOON)?)?;
    }
    Ok([ring.display().to_string(), alice, stranger])
}

#[test]
fn openpgp_signatures_are_judged_by_the_dates_of_the_key_and_not_by_today() -> TestResult {
    if !has(&["gpg", "gpgconf"], "verdicts on OpenPGP signatures") {
        return Ok(());
    }
    let signed = Signed::new(&[])?;
    let [ring, alice, stranger] = openpgp_history(&signed)?;
    let found = signed.signatures("pack", &["--keyring", &ring])?;
    for (subject, word) in [
        ("good", "good"),
        ("by another", "good"),
        ("too late", "key expired"),
        ("stranger", "unknown key"),
        ("revoked", "key revoked"),
        ("tampered", "bad"),
        ("two signatures in one", "bad"),
    ] {
        assert_eq!(verdict(&found[subject]), word, "{subject}: {}", found[subject]);
    }
    assert!(found["good"].contains(&format!("OpenPGP, key {alice}, good; key of the committer")), "{}", found["good"]);
    assert!(found["by another"].contains("held by Bob Example <bob@example.com>"), "{}", found["by another"]);
    assert!(found["revoked"].contains("the key was revoked at 20"), "{}", found["revoked"]);
    signed.gpg(&["--delete-secret-and-public-key", &stranger], NOON)?;
    let referee = signed.referee(&["-c", "gpg.minTrustLevel=undefined"])?;
    for (subject, git) in [("good", "GU"), ("by another", "GU"), ("stranger", "E"), ("revoked", "R"), ("tampered", "B")] {
        assert!(git.contains(&referee[subject]), "{subject}: git says {}", referee[subject]);
    }
    // git asks gpg about today, by which the key has ended; it had ended at the committer date, too.
    assert_eq!(referee["too late"], "Y");
    Ok(())
}

#[test]
fn x509_signatures_must_lead_to_a_given_certificate() -> TestResult {
    if !has(&["openssl"], "verdicts on X.509 signatures") {
        return Ok(());
    }
    let signed = Signed::new(&[])?;
    signed.certificates()?;
    let cell = |anchor: &str, subject: &str| -> Fallible<String> {
        let pack = format!("{anchor}-{}", subject.replace(' ', "-"));
        let mut found = signed.signatures(&pack, &["--certificates", &signed.key(anchor)])?;
        Ok(found.remove(subject).ok_or("no such commit")?)
    };
    // The certificates are of today, and the commit is of a day before.
    signed.raw(b"too early\n", |file| signed.x509_signature(file))?;
    let early = cell("root.pem", "too early")?;
    assert_eq!(verdict(&early), "key not valid yet", "{early}");
    assert!(early.contains("held by CN=Alice, alice@example.com"), "{early}");
    signed.raw(b"tampered\n", |file| {
        std::fs::write(file, "something else")?;
        signed.x509_signature(file)
    })?;
    assert_eq!(verdict(&cell("root.pem", "tampered")?), "bad");
    later(&signed, |file| signed.x509_signature(file))?;
    let good = cell("root.pem", "in time")?;
    assert_eq!(verdict(&good), "good", "{good}");
    assert!(good.contains("key of the committer"), "{good}");
    assert_eq!(verdict(&cell("other.pem", "in time")?), "unknown key");
    Ok(())
}

/// A commit of the year 2060, when certificates of today are still valid.
fn later(signed: &Signed, sign: impl Fn(&Path) -> Fallible<Vec<u8>>) -> TestResult {
    let tree = signed.repo.git(["rev-parse", "main^{tree}"])?;
    let parent = signed.repo.git(["rev-parse", "main"])?;
    let who = "Alice Example <alice@example.com> 2840140800 +0000";
    let head = format!("tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n");
    let file = signed.keys.join("payload");
    std::fs::write(&file, format!("{head}\nin time\n"))?;
    let armour = String::from_utf8(sign(&file)?)?;
    let id =
        signed.repo.raw_commit(format!("{head}gpgsig {}\n\nin time\n", armour.trim_end().replace('\n', "\n ")).as_bytes())?;
    signed.repo.git(["update-ref", "refs/heads/main", &id]).map(drop)
}

#[test]
fn nothing_of_the_repository_names_a_program_or_a_key() -> TestResult {
    if !has(&["ssh-keygen"], "programs and keys named by the audited repository") {
        return Ok(());
    }
    let signed = Signed::new(&[])?;
    let line = format!("alice@example.com {}\n", signed.ssh_key("alice")?);
    let signers = signed.write("allowed_signers", &line)?;
    signed.commit_with_ssh("signed", ALICE, 1, "alice")?;
    let inside = signed.repo.path();
    let trace = signed.repo.beside("was-run").display().to_string();
    let script = inside.join("ssh-keygen");
    std::fs::write(&script, format!("#!/bin/sh\ntouch {trace}\n"))?;
    #[cfg(unix)]
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let script = script.display().to_string();
    for key in ["gpg.program", "gpg.ssh.program", "gpg.openpgp.program", "gpg.x509.program", "core.fsmonitor"] {
        signed.repo.git(["config", key, &script])?;
    }
    std::fs::write(inside.join("allowed_signers"), &line)?;
    signed.repo.git(["config", "gpg.ssh.allowedSignersFile", &inside.join("allowed_signers").display().to_string()])?;
    assert_eq!(verdict(&signed.signatures("plain", &[])?["signed"]), "not checked");
    assert_eq!(verdict(&signed.signatures("given", &["--signers", &signers])?["signed"]), "good");

    // A search path that leads into the repository finds nothing there.
    #[expect(clippy::disallowed_methods, reason = "programs are found by the search path")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([inside.clone(), PathBuf::from(".")].into_iter().chain(std::env::split_paths(&path)))?;
    let run = binary()
        .env("PATH", path)
        .current_dir(&inside)
        .args(["report", "--to", "main", "--signers", &signers, "--out"])
        .arg(signed.repo.beside("path"))
        .output()?;
    Run::of(&run).expect_exit(0)?;
    assert!(!Path::new(&trace).exists(), "a program of the repository was run");

    let refused =
        signed.repo.report_to("own", &["--to", "main", "--signers", &inside.join("allowed_signers").display().to_string()])?;
    refused.expect_exit(2)?;
    refused.expect_words(&["lies in the audited repository"])
}

#[test]
fn settings_name_keys_only_from_outside_of_the_repository() -> TestResult {
    if !has(&["ssh-keygen"], "keys named by settings") {
        return Ok(());
    }
    let signed = Signed::new(&[])?;
    let line = format!("alice@example.com {}\n", signed.ssh_key("alice")?);
    signed.write("allowed_signers", &line)?;
    let text = "[signatures]\nallowed_signers = \"keys/allowed_signers\"\n";
    let outside = signed.repo.settings(text)?;
    let inside = signed.repo.path();
    std::fs::write(inside.join("countersign.toml"), "[signatures]\nallowed_signers = \"../keys/allowed_signers\"\n")?;
    signed.repo.git(["add", "countersign.toml"])?;
    signed.commit("with settings", ALICE, 1, &[])?;
    signed.commit_with_ssh("signed", ALICE, 2, "alice")?;
    assert_eq!(verdict(&signed.signatures("outside", &["--settings", &outside])?["signed"]), "good");
    for (pack, arguments) in
        [("base", vec!["--from", "main~1", "--to", "main"]), ("inside", vec!["--to", "main", "--settings", "countersign.toml"])]
    {
        let run =
            binary().current_dir(&inside).arg("report").args(&arguments).arg("--out").arg(signed.repo.beside(pack)).output()?;
        let run = Run::of(&run);
        run.expect_exit(0)?;
        run.expect_words(&["such keys are not used"])?;
        let rows: Vec<Row> = signed.repo.pack(pack)?.table("commits.csv")?;
        let cell = &rows.iter().find(|row| row["subject"] == "signed").ok_or("no commit")?["signature"];
        assert_eq!(verdict(cell), "not checked", "{cell}");
        assert!(signed.repo.pack(pack)?.text("data/evidence.json")?.contains("such keys are not used"));
    }
    Ok(())
}

#[test]
fn giant_and_many_signatures_are_bounded_and_a_missing_program_is_said() -> TestResult {
    if !has(&["ssh-keygen"], "many signatures") {
        return Ok(());
    }
    let signed = Signed::new(&[])?;
    let signers = signed.write("allowed_signers", &format!("alice@example.com {}\n", signed.ssh_key("alice")?))?;
    for number in 0..60 {
        signed.raw(format!("signed {number}\n").as_bytes(), |file| signed.ssh_signature("alice", file))?;
    }
    let line = format!("{}\n", "QUFB".repeat(16));
    let giant = format!("-----BEGIN SSH SIGNATURE-----\n{}-----END SSH SIGNATURE-----\n", line.repeat(160_000));
    signed.raw(b"giant\n", |_| Ok(giant.clone().into_bytes()))?;
    signed.raw(b"empty\n", |_| Ok(b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n".to_vec()))?;
    let found = signed.signatures("pack", &["--signers", &signers])?;
    assert_eq!(found.values().filter(|cell| verdict(cell) == "good").count(), 60);
    assert_eq!(verdict(&found["giant"]), "not checked", "{}", found["giant"]);
    assert_eq!(verdict(&found["empty"]), "bad", "{}", found["empty"]);
    let run = binary()
        .env("PATH", "/nonexistent")
        .arg("report")
        .arg("--repo")
        .arg(signed.repo.path())
        .args(["--to", "main", "--signers", &signers, "--out"])
        .arg(signed.repo.beside("bare"))
        .output()?;
    Run::of(&run).expect_exit(0)?;
    let cells = signed.repo.pack("bare")?.column("commits.csv", "signature")?;
    assert!(cells.iter().all(|cell| cell.contains("not checked (")), "{cells:?}");
    assert!(cells.iter().filter(|cell| cell.contains("ssh-keygen is not on this machine")).count() >= 60);
    Ok(())
}

#[test]
fn a_backdated_commit_does_not_outlive_its_key_where_the_arrival_is_recorded() -> TestResult {
    if !has(&["ssh-keygen"], "a recorded arrival after the end of a key") {
        return Ok(());
    }
    let signed = Signed::new(&[])?;
    let line = format!("alice@example.com valid-before=\"20260110\" {}\n", signed.ssh_key("alice")?);
    let signers = signed.write("allowed_signers", &line)?;
    signed.commit("start", ALICE, 0, &[])?;
    signed.commit_with_ssh("backdated", ALICE, 1, "alice")?;
    assert_eq!(verdict(&signed.signatures("git", &["--signers", &signers])?["backdated"]), "good");
    let evidence = signed.repo.beside("evidence");
    std::fs::create_dir(&evidence)?;
    let id = signed.repo.git(["rev-parse", "main"])?;
    let pull = format!(
        r#"[{{"number": 1, "title": "x", "body": "", "state": "MERGED", "author": {{"login": "alice"}}, "baseRefName": "main",
        "headRefName": "p", "headRefOid": "{id}", "mergeCommit": {{"oid": "{id}"}}, "createdAt": "2026-01-20T08:00:00Z",
        "mergedAt": "2026-01-20T10:00:00Z", "mergedBy": {{"login": "carol"}}, "url": "https://github.com/acme/policies/pull/1", "reviews": []}}]"#
    );
    std::fs::write(evidence.join("pulls.json"), pull)?;
    let evidence = evidence.display().to_string();
    let found = signed.signatures("recorded", &["--signers", &signers, "--evidence", &evidence])?;
    let cell = &found["backdated"];
    assert_eq!(verdict(cell), "key expired", "{cell}");
    assert!(cell.contains("not any more at the recorded arrival 2026-01-20T10:00:00Z"), "{cell}");
    Ok(())
}

#[test]
fn the_gate_refuses_an_unsigned_push_and_lets_a_signed_one_in() -> TestResult {
    if !has(&["ssh-keygen"], "signatures at the gate") {
        return Ok(());
    }
    let signed = Signed::new(&[])?;
    let signers = signed.write("allowed_signers", &format!("alice@example.com {}\n", signed.ssh_key("alice")?))?;
    let settings = signed.repo.settings("[gate]\nrefuse = [\"signature-missing\"]\n")?;
    signed.commit("start", ALICE, 0, &[])?;
    let base = signed.repo.git(["rev-parse", "main"])?;
    let judged = |arguments: &[&str]| {
        let head = signed.repo.git(["rev-parse", "main"])?;
        let hook = ["gate", "--hook", "update", "refs/heads/main", &base, &head, "--settings", &settings];
        // As the hook finds it: the reference still names what it named before.
        signed.repo.git(["update-ref", "refs/heads/main", &base])?;
        let output = binary().current_dir(signed.repo.path()).args(hook).args(arguments).output()?;
        signed.repo.git(["update-ref", "refs/heads/main", &head])?;
        Fallible::Ok(Run::of(&output))
    };
    signed.commit_with_ssh("signed", ALICE, 1, "alice")?;
    judged(&["--signers", &signers])?.expect_exit(0)?;
    let run = judged(&[])?;
    run.expect_exit(3)?;
    assert!(run.stdout.contains("no keys were given"), "{}", run.stdout);
    signed.commit_with_ssh("by another", BOB, 2, "alice")?;
    judged(&["--signers", &signers])?.expect_exit(1)?;
    signed.repo.git(["update-ref", "refs/heads/main", "main~1"])?;
    signed.commit("unsigned", ALICE, 3, &[])?;
    let run = judged(&["--signers", &signers])?;
    run.expect_exit(1)?;
    assert!(run.stdout.contains("has no signature"), "{}", run.stdout);
    Ok(())
}

#[test]
fn a_tag_that_cannot_be_read_is_told() -> TestResult {
    if !has(&["ssh-keygen"], "a tag that cannot be read") {
        return Ok(());
    }
    let signed = Signed::new(&[])?;
    let key = signed.ssh_key("alice")?;
    signed.commit("one", ALICE, 1, &[])?;
    signed.repo.git(["-c", "user.name=A", "-c", "user.email=a@example.com", "tag", "-a", "-m", "x", "gone", "main"])?;
    let tag = signed.repo.git(["rev-parse", "gone"])?;
    let (folder, file) = tag.split_at(2);
    std::fs::remove_file(
        signed.repo.path().join(signed.repo.git(["rev-parse", "--git-dir"])?).join("objects").join(folder).join(file),
    )?;
    let signers = signed.write("allowed_signers", &format!("alice@example.com {key}\n"))?;
    signed.signatures("pack", &["--signers", &signers])?;
    let cover = signed.repo.pack("pack")?.text("index.html")?;
    assert!(cover.contains("Tags that cannot be read, so that their signatures were not looked at: gone."), "{cover}");
    Ok(())
}
