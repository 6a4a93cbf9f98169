//! The hooks of `packaging/` as git runs them, with the real gate behind them.

use std::path::{Path, PathBuf};

use super::support::{Fallible, Run, TestResult, git_at, hermetic};

/// A server, a clone of it, and git with the gate in its search path.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Fallible<Self> {
        let place = Self { folder: tempfile::tempdir()? };
        git_at(place.folder.path(), ["init", "-q", "--bare", "-b", "main", "server.git"])?;
        git_at(place.folder.path(), ["clone", "-q", "server.git", "clone"])?;
        git_at(&place.work(), ["checkout", "-q", "-B", "main"])?;
        Ok(place)
    }

    fn server(&self) -> PathBuf {
        self.folder.path().join("server.git")
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    /// Installs a hook as its own first lines say.
    fn install(hook: &str, folder: &Path, name: &str) -> TestResult {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(hook);
        std::fs::create_dir_all(folder.join("hooks"))?;
        std::fs::copy(source, folder.join("hooks").join(name))?;
        Ok(())
    }

    /// Runs git in the clone, with the gate in its search path.
    fn git(&self, arguments: &[&str]) -> Fallible<Run> {
        let gate = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().ok_or("no folder")?;
        self.git_with(&[gate.to_owned()], arguments)
    }

    /// Runs git in the clone; a gate that is installed on this machine is not found.
    fn git_with(&self, first: &[PathBuf], arguments: &[&str]) -> Fallible<Run> {
        #[expect(clippy::disallowed_methods, reason = "git is found by the search path")]
        let path = std::env::var_os("PATH").ok_or("no search path")?;
        let others = std::env::split_paths(&path).filter(|folder| !folder.join("countersign").exists());
        let path = std::env::join_paths(first.iter().cloned().chain(others))?;
        let output = hermetic("git").env("PATH", path).arg("-C").arg(self.work()).args(arguments).output()?;
        Ok(Run::of(&output))
    }

    fn commit(&self, message: &str) -> TestResult {
        git_at(&self.work(), ["commit", "-q", "--allow-empty", "--no-verify", "-m", message]).map(drop)
    }

    /// The references of the server, and how many objects it has.
    fn stands(&self) -> Fallible<(String, String)> {
        let objects = git_at(&self.server(), ["count-objects", "-v"])?;
        Ok((git_at(&self.server(), ["for-each-ref"])?, objects))
    }
}

#[test]
fn server_hooks_refuse_a_push_without_a_ticket_and_take_one_with_it() -> TestResult {
    for (hook, name) in [
        ("hooks/pre-receive", "pre-receive"),
        ("gitolite/countersign", "pre-receive"),
        ("hooks/update", "update"),
        ("gitolite/VREF-countersign", "update"),
    ] {
        let place = Place::new()?;
        place.commit("SEC-1 Begin")?;
        git_at(&place.work(), ["push", "-q", "origin", "main"])?;
        Place::install(hook, &place.server(), name)?;
        let before = place.stands()?;
        place.commit("Close the hole")?;
        let refused = place.git(&["push", "origin", "main"])?;
        assert_ne!(refused.exit, 0, "{hook}: {}", refused.stderr);
        refused.expect_words(&["remote:", "ticket-missing"]).map_err(|error| format!("{hook}: {error}"))?;
        let after = place.stands()?;
        assert_eq!(before.0, after.0, "{hook}");
        if name == "pre-receive" {
            assert_eq!(before.1, after.1, "{hook}: objects of a refused push stay");
        }
        git_at(&place.work(), ["commit", "-q", "--amend", "--allow-empty", "-m", "SEC-2 Close the hole"])?;
        place.git(&["push", "origin", "main"])?.expect_exit(0).map_err(|error| format!("{hook}: {error}"))?;
        place.git(&["push", "origin", "main:refs/heads/other"])?.expect_exit(0)?;
        place.git(&["push", "origin", ":refs/heads/other"])?.expect_exit(0)?;
    }
    Ok(())
}

#[test]
fn a_server_without_the_gate_takes_nothing() -> TestResult {
    for (hook, name) in
        [("hooks/pre-receive", "pre-receive"), ("hooks/update", "update"), ("gitolite/VREF-countersign", "update")]
    {
        let place = Place::new()?;
        place.commit("SEC-1 Begin")?;
        Place::install(hook, &place.server(), name)?;
        let refused = place.git_with(&[], &["push", "origin", "main"])?;
        assert_ne!(refused.exit, 0, "{hook}");
        refused.expect_words(&["not installed on this server"])?;
        assert!(place.stands()?.0.is_empty(), "{hook}");
    }
    Ok(())
}

#[test]
fn client_hooks_tell_early() -> TestResult {
    let place = Place::new()?;
    for name in ["commit-msg", "pre-push"] {
        Place::install(&format!("hooks/{name}"), &place.work().join(".git"), name)?;
    }
    let refused = place.git(&["commit", "-q", "--allow-empty", "-m", "Close the hole"])?;
    assert_ne!(refused.exit, 0, "{}", refused.stderr);
    place.git(&["commit", "-q", "--allow-empty", "-m", "SEC-1 Close the hole"])?.expect_exit(0)?;
    place.git(&["push", "-q", "origin", "main"])?.expect_exit(0)?;
    place.commit("Close another")?;
    let refused = place.git(&["push", "-q", "origin", "main"])?;
    assert_ne!(refused.exit, 0, "{}", refused.stderr);
    Ok(())
}
