#!/usr/bin/env python3
"""Holds the tables of a whole-history report against plain git: commits, chain, parents, authors, changed paths.

    tests/referee.py --binary target/release/countersign REPOSITORY [REPOSITORY ...]

Prints a line for each repository and every difference's first example; exits 1 when there is any.
Python's standard library and git only.
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile

csv.field_size_limit(1 << 30)
ENVIRONMENT = dict(os.environ, GIT_NO_REPLACE_OBJECTS="1", GIT_GRAFT_FILE=os.devnull, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")


def git(repository, *arguments):
    command = ["git", "-C", repository, "-c", "core.commitGraph=false", "-c", "log.showSignature=false", *arguments]
    return subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT).stdout


def visible(text):
    """Cells are made safe for spreadsheets and terminals; what that changes is not compared."""
    return all(c.isprintable() for c in text) and not text.startswith(("=", "+", "-", "@"))


def rows(pack, name):
    with open(os.path.join(pack, "data", name), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def compare(binary, repository):
    differences = []
    with tempfile.TemporaryDirectory() as folder:
        pack = os.path.join(folder, "pack")
        subprocess.run([binary, "report", "--repo", repository, "--to", "HEAD", "--out", pack], check=True, stdout=subprocess.DEVNULL)
        commits, files = rows(pack, "commits.csv"), rows(pack, "files.csv")
        changes = [row["change_id"] for row in rows(pack, "changes.csv")]
    chain = git(repository, "rev-list", "--first-parent", "--reverse", "HEAD").decode().split()
    if changes != chain:
        differences.append(f"first-parent chain: {len(changes)} here, {len(chain)} in git")
    log = git(repository, "log", "-z", "--format=%H%n%P%n%an%n%ae%n%T", "HEAD").decode("utf-8", "replace")
    expected = {record.split("\n")[0]: record.split("\n")[1:] for record in log.split("\0") if record}
    if {row["commit_id"] for row in commits} != set(expected) or len(commits) != len(expected):
        differences.append(f"commits: {len(commits)} here, {len(expected)} in git")
    for row in commits:
        parents, name, mail, tree = expected.get(row["commit_id"], ["", "", "", ""])
        here = [row["parents"].replace("; ", " "), row["author_name"], row["author_mail"], row["tree_id"]]
        for word, ours, theirs in zip(("parents", "author name", "author mail", "tree"), here, (parents, name, mail, tree)):
            if ours.strip() != theirs.strip() and visible(theirs) and "\ufffd" not in theirs:
                differences.append(f"{row['commit_id']} {word}: {ours!r} here, {theirs!r} in git")
    ours = {}
    for row in files:
        paths = ours.setdefault(row["change_id"], set())
        paths.add(row["path"])
        if row["old_path"]:
            paths.add(row["old_path"])
    raw = git(repository, "log", "--first-parent", "--diff-merges=first-parent", "--root", "--no-renames", "--name-only", "-z", "--format=%x01%H", "HEAD")
    paths = 0
    for record in raw.split(b"\x01")[1:]:
        commit, *names = [part for part in record.replace(b"\n", b"\0", 1).split(b"\0") if part]
        theirs = {name.decode("utf-8", "replace") for name in names}
        paths += len(theirs)
        mine = ours.get(commit.decode(), set())
        if mine != theirs and all(visible(name) for name in theirs):
            differences.append(f"{commit.decode()} paths: {sorted(mine ^ theirs)[:3]}")
    return len(expected), len(chain), paths, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("repositories", nargs="+", metavar="REPOSITORY")
    arguments = parser.parse_args()
    failed = False
    for repository in arguments.repositories:
        commits, changes, paths, differences = compare(arguments.binary, repository)
        print(f"{repository}: {commits} commits, {changes} changes, {paths} paths, {len(differences)} differences", flush=True)
        for difference in differences[:5]:
            print(f"  {difference}")
        failed |= bool(differences)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
