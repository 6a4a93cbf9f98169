//! The cache of facts changes how long a reading takes and nothing else, whatever happens to its files.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use countersign::changes::{self, Change, FactsCache};
use countersign::repository::{Asked, Bound, Repository};

use crate::support::{Fallible, NewCommit, Stream, TestRepo, TestResult, policy};

const PROGRAM: &str = "1.0.0";

/// Three changes: policies that come, change and move, a file that cannot be read, and a merge.
fn repo() -> Fallible<TestRepo> {
    let mut stream = Stream::default();
    let (one, two) = (policy(1), policy(2));
    stream.next(&NewCommit { files: vec![("a/np.yaml", &one), ("b.yaml", "x: [\nkind: y\n")], ..NewCommit::default() });
    stream.next(&NewCommit { files: vec![("a/np.yaml", &two), ("c.yaml", "{{ x }}\n")], ..NewCommit::default() });
    let side = stream.commit(&NewCommit { files: vec![("d.yaml", &one)], parents: vec![2], ..NewCommit::default() });
    stream.commit(&NewCommit {
        removed: vec!["a/np.yaml"],
        files: vec![("d.yaml", &two)],
        parents: vec![2, side],
        ..NewCommit::default()
    });
    stream.into_repo()
}

fn read(repo: &TestRepo, from: Option<&str>, cache: impl Fn(&Repository) -> FactsCache) -> Fallible<Vec<Change>> {
    let repository = Repository::open(&repo.path())?;
    let bound = |name: &str| Bound::Revision(name.into());
    let asked = Asked::Between { from: from.map(bound), to: Some(bound("main")) };
    Ok(changes::collect(&repository, repository.history(&asked, None)?.arrivals, &cache(&repository), &|| {}))
}

fn read_with(repo: &TestRepo, folder: &Path) -> Fallible<String> {
    Ok(format!("{:?}", read(repo, None, |repository| FactsCache::open(folder, PROGRAM, repository))?))
}

fn read_anew(repo: &TestRepo) -> Fallible<String> {
    Ok(format!("{:?}", read(repo, None, |_| FactsCache::none())?))
}

/// Every file below a folder.
fn files(folder: &Path) -> Fallible<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

/// Takes the content of a file out of the repository: who knows it now was told before.
fn forget(repo: &TestRepo, revision: &str) -> TestResult {
    for pack in
        files(&repo.path().join(".git/objects/pack"))?.iter().filter(|path| path.extension().is_some_and(|it| it == "pack"))
    {
        let aside = repo.beside("aside.pack");
        std::fs::rename(pack, &aside)?;
        let unpack = format!("git unpack-objects -q < '{}'", aside.display());
        let done = crate::support::hermetic("sh").current_dir(repo.path()).args(["-c", &unpack]).status()?;
        assert!(done.success());
        std::fs::remove_file(pack.with_extension("idx"))?;
    }
    let blob = repo.git(["rev-parse", revision])?;
    Ok(std::fs::remove_file(repo.path().join(".git/objects").join(&blob[..2]).join(&blob[2..]))?)
}

#[test]
fn a_second_reading_is_the_same_and_comes_from_the_cache() -> TestResult {
    let (repo, folder) = (repo()?, tempfile::tempdir()?);
    let first = read_with(&repo, folder.path())?;
    assert_eq!(first, read_anew(&repo)?);
    assert_eq!(files(folder.path())?.len(), 1);
    forget(&repo, "main~1:a/np.yaml")?;
    assert_ne!(first, read_anew(&repo)?);
    assert_eq!(first, read_with(&repo, folder.path())?);
    assert_eq!(files(folder.path())?.len(), 1);
    let part = read(&repo, Some("main~1"), |repository| FactsCache::open(folder.path(), PROGRAM, repository))?;
    assert!(part.len() == 1 && first.contains(&format!("{:?}", part[0])));
    Ok(())
}

#[test]
fn another_program_and_another_repository_are_served_nothing_wrong() -> TestResult {
    let (one, folder) = (repo()?, tempfile::tempdir()?);
    read_with(&one, folder.path())?;
    let mut stream = Stream::default();
    stream.next(&NewCommit { files: vec![("a/np.yaml", &policy(7))], ..NewCommit::default() });
    let other = stream.into_repo()?;
    assert_eq!(read_with(&other, folder.path())?, read_anew(&other)?);
    forget(&one, "main~1:a/np.yaml")?;
    let newer = read(&one, None, |repository| FactsCache::open(folder.path(), "1.0.1", repository))?;
    assert_eq!(format!("{newer:?}"), read_anew(&one)?);
    Ok(())
}

#[test]
fn damage_is_noticed_and_mended() -> TestResult {
    let (repo, folder) = (repo()?, tempfile::tempdir()?);
    let expected = read_with(&repo, folder.path())?;
    let bundle = files(folder.path())?.remove(0);
    let whole = std::fs::read(&bundle)?;
    let cut = (0..whole.len()).step_by(7).map(|length| whole[..length].to_vec());
    let flipped = (0..whole.len() * 8).step_by(13).map(|bit| {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    for damaged in cut.chain(flipped).chain([[&whole[..], b"x"].concat()]) {
        std::fs::write(&bundle, &damaged)?;
        assert_eq!(read_with(&repo, folder.path())?, expected);
        assert_eq!(std::fs::read(&bundle)?, whole, "the same facts make the same bundle again");
        assert_eq!(files(folder.path())?.len(), 1);
    }
    Ok(())
}

#[test]
fn writers_at_the_same_time_and_writers_that_were_killed_do_no_harm() -> TestResult {
    let (repo, folder) = (repo()?, tempfile::tempdir()?);
    let expected = read_anew(&repo)?;
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..8).map(|_| scope.spawn(|| read_with(&repo, folder.path()).map_err(|error| error.to_string()))).collect();
        runs.into_iter().all(|run| run.join().is_ok_and(|read| read.as_ref() == Ok(&expected)))
    })
    .then_some(())
    .ok_or("a run differs")?;
    let bundle = files(folder.path())?;
    assert_eq!(bundle.len(), 1, "{bundle:?}");
    let whole = std::fs::read(&bundle[0])?;
    let place = bundle[0].parent().ok_or("no folder")?;
    let (young, old) = (place.join("new-young.part"), place.join("new-old.part"));
    for left_behind in [&young, &old] {
        std::fs::write(left_behind, &whole[..whole.len() / 2])?;
    }
    let long_ago = std::fs::metadata(&old)?.modified()? - Duration::from_secs(48 * 3600);
    std::fs::File::options().write(true).open(&old)?.set_modified(long_ago)?;
    repo.feed(b"commit refs/heads/main\ncommitter A <a@example.com> 1767614500 +0000\ndata 1\nx\nfrom refs/heads/main^0\n\n")?;
    assert_eq!(read_with(&repo, folder.path())?, read_anew(&repo)?);
    assert!(young.exists() && !old.exists() && long_ago > SystemTime::UNIX_EPOCH);
    assert_eq!(files(folder.path())?.len(), 3);
    Ok(())
}

#[test]
fn many_runs_do_not_make_many_bundles() -> TestResult {
    let (repo, folder) = (repo()?, tempfile::tempdir()?);
    for number in 0..40 {
        let time = 1_767_614_500 + number;
        let commit =
            format!("commit refs/heads/main\ncommitter A <a@example.com> {time} +0000\ndata 1\nx\nfrom refs/heads/main^0\n\n");
        repo.feed(commit.as_bytes())?;
        read_with(&repo, folder.path())?;
    }
    assert!(files(folder.path())?.len() < 30);
    forget(&repo, "main~40:d.yaml")?;
    assert_ne!(read_with(&repo, folder.path())?, read_anew(&repo)?);
    Ok(())
}

#[test]
fn nothing_is_kept_inside_the_repository_and_a_shallow_end_stays_one() -> TestResult {
    let repo = repo()?;
    for inside in [repo.path().join("cache"), repo.path().join(".git/cache"), repo.path().join("x/../cache")] {
        assert_eq!(read_with(&repo, &inside)?, read_anew(&repo)?);
        assert!(!inside.exists());
    }
    let folder = tempfile::tempdir()?;
    read_with(&repo, folder.path())?;
    let shallow = TestRepo::empty()?;
    let from = format!("file://{}", repo.path().display());
    shallow.git(["fetch", "-q", "--update-head-ok", "--depth", "1", &from, "main:main"])?;
    assert_eq!(read_with(&shallow, folder.path())?, read_anew(&shallow)?);
    Ok(())
}

#[test]
fn a_pack_is_the_same_with_and_without_the_cache() -> TestResult {
    let (repo, folder) = (repo()?, tempfile::tempdir()?);
    let packs = ["first", "second", "anew"].map(|name| -> Fallible<_> {
        let (path, out) = (repo.path().display().to_string(), repo.beside(name).display().to_string());
        let mut command = crate::support::binary();
        command.env("XDG_CACHE_HOME", folder.path()).args(["report", "--to", "main", "--repo", &path, "--out", &out]);
        crate::support::Run::of(&command.args((name == "anew").then_some("--no-cache")).output()?).expect_exit(0)?;
        let mut files = repo.pack(name)?.files()?;
        files.remove("run.json");
        Ok(files)
    });
    let [first, second, anew] = packs;
    let anew = anew?;
    assert!(first? == anew && second? == anew);
    assert_eq!(files(&folder.path().join("countersign"))?.len() - records(folder.path())?.len(), 1);
    Ok(())
}

/// The policies of a repository as a table, by the binary and a cache folder; nothing is cached without one.
fn ask(repo: &Path, folder: Option<&Path>, more: &[&str]) -> Fallible<String> {
    let mut command = crate::support::binary();
    command.args(["query", "--format", "csv", "--branch", "main", "--repo", &repo.display().to_string()]);
    match folder {
        Some(folder) => command.env("XDG_CACHE_HOME", folder),
        None => command.arg("--no-cache"),
    };
    let run = crate::support::Run::of(&command.arg("policies").args(more).output()?);
    run.expect_exit(0)?;
    Ok(run.stdout)
}

/// The records in a cache folder.
fn records(folder: &Path) -> Fallible<Vec<PathBuf>> {
    Ok(files(folder)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == "record")).collect())
}

#[test]
fn a_second_question_is_answered_from_records_and_settings_are_not_in_them() -> TestResult {
    let (repo, folder) = (TestRepo::story("flat-monolith")?, tempfile::tempdir()?);
    let settings = repo.beside("other.toml");
    std::fs::write(&settings, "[environments]\nproduction = [\"**/p*/**\"]\n[scope]\nexclude = [\"**/staging/**\"]\n")?;
    let settings = settings.display().to_string();
    let questions: [&[&str]; 4] = [&[], &["--settings", &settings], &["--period", "2026-Q1"], &["--from", "main~3"]];
    let mut answers = Vec::new();
    for more in questions {
        let anew = ask(&repo.path(), None, more)?;
        assert_eq!(ask(&repo.path(), Some(folder.path()), more)?, anew, "{more:?}");
        answers.push(anew);
    }
    assert!(answers[0] != answers[1] && answers[0] != answers[2], "questions that tell something");
    let kept = records(folder.path())?;
    assert!(kept.len() >= 4, "{kept:?}");
    for (more, answer) in questions.iter().zip(&answers) {
        assert_eq!(&ask(&repo.path(), Some(folder.path()), more)?, answer, "{more:?}");
    }
    assert_eq!(records(folder.path())?, kept);
    Ok(())
}

#[test]
fn a_damaged_record_or_one_under_another_name_is_not_believed_and_is_written_again() -> TestResult {
    let (repo, folder) = (repo()?, tempfile::tempdir()?);
    let expected = ask(&repo.path(), None, &[])?;
    ask(&repo.path(), Some(folder.path()), &[])?;
    let kept = records(folder.path())?;
    let [one, other] = kept.as_slice() else { return Err(format!("{kept:?}").into()) };
    let (first, second) = (std::fs::read(one)?, std::fs::read(other)?);
    let cut = |whole: &[u8]| whole[..whole.len() - 1].to_vec();
    let flipped = |whole: &[u8], at: usize| whole.iter().enumerate().map(|(n, b)| b ^ u8::from(n == at)).collect::<Vec<u8>>();
    let damages = [cut(&first), Vec::new(), flipped(&first, 3), flipped(&first, 40), [&first[..], b"x"].concat(), second.clone()];
    for damaged in damages {
        std::fs::write(one, &damaged)?;
        assert_eq!(ask(&repo.path(), Some(folder.path()), &[])?, expected);
        assert_eq!((std::fs::read(one)?, std::fs::read(other)?), (first.clone(), second.clone()));
    }
    Ok(())
}

#[test]
fn what_is_missing_or_cut_off_is_neither_kept_nor_hidden_by_records() -> TestResult {
    let (repo, folder) = (repo()?, tempfile::tempdir()?);
    ask(&repo.path(), Some(folder.path()), &[])?;
    let shallow = TestRepo::empty()?;
    let from = format!("file://{}", repo.path().display());
    shallow.git(["fetch", "-q", "--update-head-ok", "--depth", "1", &from, "main:main"])?;
    let anew = ask(&shallow.path(), None, &[])?;
    assert!(anew.contains("shallow clone"), "{anew}");
    assert_eq!(ask(&shallow.path(), Some(folder.path()), &[])?, anew);

    let fresh = tempfile::tempdir()?;
    ask(&shallow.path(), Some(fresh.path()), &[])?;
    assert!(records(fresh.path())?.is_empty());
    forget(&repo, "main:d.yaml")?;
    let anew = ask(&repo.path(), None, &[])?;
    assert!(anew.contains("is missing"), "{anew}");
    for _ in 0..2 {
        assert_eq!(ask(&repo.path(), Some(fresh.path()), &[])?, anew);
    }
    assert!(records(fresh.path())?.is_empty());
    Ok(())
}
