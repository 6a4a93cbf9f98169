//! Data flows one way: a module uses only modules that stand above it in `src/lib.rs`.

use std::path::{Path, PathBuf};

use super::support::{Fallible, TestResult};

fn sources(folder: &Path) -> Fallible<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The modules that a text names after `crate::`.
fn used(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("crate::").skip(1);
    after.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default())
}

/// What ships: without comments and without unit tests, which may borrow from anywhere.
fn shipped(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Whether a file holds tests only.
fn is_for_tests(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| ["tests", "samples", "specimen"].iter().any(|name| stem == *name))
}

#[test]
fn every_module_uses_only_modules_above_it() -> TestResult {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let map = std::fs::read_to_string(root.join("lib.rs"))?;
    let name = |line: &str| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned);
    let order: Vec<String> = map.lines().filter_map(name).collect();
    assert!(order.len() > 8, "{order:?}");
    let mut wrong = Vec::new();
    for path in sources(&root)?.iter().filter(|path| !is_for_tests(path)) {
        let inside = path.strip_prefix(&root)?.with_extension("");
        let module = inside.components().next().ok_or("no module")?.as_os_str().to_string_lossy().into_owned();
        let Some(position) = order.iter().position(|name| *name == module) else {
            assert!(["lib", "main"].contains(&module.as_str()), "{module} is not in src/lib.rs");
            continue;
        };
        let text = shipped(&std::fs::read_to_string(path)?);
        let below = |name: &&str| order.iter().position(|known| known == name).is_some_and(|there| there > position);
        wrong.extend(used(&text).filter(below).map(|name| format!("{} uses {name}", inside.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn only_the_repository_module_names_gix() -> TestResult {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&root)? {
        let inside = path.strip_prefix(&root)?;
        let names = shipped(&std::fs::read_to_string(&path)?).contains("gix::");
        assert!(!names || inside.starts_with("repository"), "{}", inside.display());
    }
    Ok(())
}
