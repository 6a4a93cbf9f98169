#!/usr/bin/env python3
"""Compares the policy edits of `countersign report` with independent ground truth.

    tests/policies.py --binary target/release/countersign --mirrors DIR --truth DIR [OWNER+NAME ...]

For every `OWNER+NAME.policy.csv` of the truth folder (columns commit, path, file_status, change, group, kind,
namespace, name) whose mirror is present, the report is made up to the newest commit of `OWNER+NAME.csv`, and the rows
of `data/policy-changes.csv` are compared as multisets of (commit, group, kind, namespace, name, change).

The truth does not follow objects from file to file: an object that moved is a removal and an addition there, and one
that changed on its way as well. Its own kinds are the only ones it looks for. What else differs by a rule below is
allowed, counted and printed; nothing is allowed for a single commit.

Exit code: 0 when every repository agrees on 99 % of the rows or more, 1 otherwise, 2 on misuse.
"""

import argparse
import collections
import csv
import pathlib
import re
import subprocess
import sys
import tempfile

THRESHOLD = 99.0
SHOWN_DIFFERENCES = 40
ENDING = ".policy.csv"
UNPARSABLE = "UNPARSABLE"

Row = collections.namedtuple("Row", "commit group kind namespace name change path")


def read_table(path):
    csv.field_size_limit(sys.maxsize)
    with open(path, encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def unguarded(cell):
    """Takes back the apostrophe that keeps a spreadsheet from reading a cell as a formula."""
    return cell[1:] if cell and cell.startswith("'") else cell


def read_truth(path):
    return [
        Row(row["commit"], row["group"], row["kind"], row["namespace"], row["name"], row["change"], row["path"])
        for row in read_table(path)
    ]


def split_object(text):
    """`group/Kind namespace/name` as group, kind, namespace, name; the core group and no namespace are left out."""
    kind, _, name = text.partition(" ")
    group, _, kind = kind.rpartition("/")
    namespace, separator, rest = name.partition("/")
    name, namespace = (rest, namespace) if separator else (name, "")
    return group, kind, namespace, "" if name == "(without a name)" else name.removesuffix("*")


def read_edits(path):
    """The policy edits of a pack as the truth would write them; one edit has a row for each of its fields."""
    seen = set()
    for row in read_table(path):
        row = {key: unguarded(value) for key, value in row.items()}
        edit = tuple(row[column] for column in ("change_id", "object", "path", "old_path", "edit"))
        if edit in seen:
            continue
        seen.add(edit)
        group, kind, namespace, name = split_object(row["object"])
        as_row = lambda change, path: Row(row["change_id"], group, kind, namespace, name, change, path)
        if row["old_path"] and row["edit"] in ("moved", "modified"):
            yield as_row("removed", row["old_path"])
            yield as_row("added", row["path"])
        else:
            yield as_row(row["edit"], row["path"])


def key(row):
    return row[:6]


def is_looked_for(row, kinds):
    """Whether the truth looks for objects of that kind: any kind of a group whose kinds are made by users."""
    return (row.group, row.kind) in kinds or row.group == "constraints.gatekeeper.sh"


# Each rule takes the rows that only one side has, the whole truth and the mirror, and returns what is left to explain.


def rule_unparsable(only_truth, only_report, truth, mirror):
    """The truth could not parse a file on one side of the change; the report compares what it holds all the same."""
    files = {(row.commit, row.path) for row in truth if row.kind == UNPARSABLE}
    left = [row for row in only_truth if row.kind != UNPARSABLE]
    return left, [row for row in only_report if (row.commit, row.path) not in files]


def rule_inside_others(only_truth, only_report, truth, mirror):
    """The truth does not open objects that hold others: OpenShift's Template in `objects:`, ACM's policies in
    `objectDefinition:`."""

    def stands_inside(row):
        revision = f"{row.commit}^1" if row.change == "removed" else row.commit
        text = file_at(mirror, revision, row.path)
        in_template = re.search(r"^kind: *\w*Template\b", text, re.M) and re.search(r"^objects:", text, re.M)
        in_policy = "policy.open-cluster-management.io/" in text and re.search(r"^ +(- )?objectDefinition:", text, re.M)
        return in_template or in_policy

    return only_truth, [row for row in only_report if not stands_inside(row)]


RULES = (("not parsed by the truth", rule_unparsable), ("inside of another object", rule_inside_others))


def file_at(mirror, revision, path):
    command = ["git", "-C", str(mirror), "show", "--end-of-options", f"{revision}:{path}"]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout


def compare(truth, edits):
    """The number of equal rows, and the rows that only one side has."""
    kinds = {(row.group, row.kind) for row in truth}
    edits = [row for row in edits if is_looked_for(row, kinds)]
    left = collections.defaultdict(list)
    for row in edits:
        left[key(row)].append(row)
    only_truth, equal = [], 0
    for row in truth:
        if left.get(key(row)):
            left[key(row)].pop()
            equal += 1
        else:
            only_truth.append(row)
    return equal, only_truth, [row for rows in left.values() for row in rows]


def first_parents(mirror, newest):
    command = ["git", "-C", str(mirror), "rev-list", "--first-parent", "--max-count=5000", "--end-of-options", newest]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def mirror_of(mirrors, name):
    """The Git directory of a mirror, or None."""
    candidates = (mirrors / name / "repo", mirrors / name, mirrors / f"{name}.git")
    return next((path for path in candidates if (path / "HEAD").exists() or (path / ".git").exists()), None)


def report(binary, mirror, newest, population):
    """Makes the pack and reads the policy edits of the commits that the truth looked at."""
    with tempfile.TemporaryDirectory() as folder:
        settings = pathlib.Path(folder, "settings.toml")
        settings.write_text("", encoding="utf-8")
        pack = pathlib.Path(folder, "pack")
        command = [str(binary), "report", "--repo", str(mirror), "--to", newest, "--settings", str(settings), "--out", str(pack)]
        made = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if made.returncode != 0:
            raise SystemExit(f"countersign report ended with {made.returncode}:\n{made.stderr}")
        return [row for row in read_edits(pack / "data" / "policy-changes.csv") if row.commit in population]


def shown(row):
    name = f"{row.namespace}/{row.name}" if row.namespace else row.name
    return f"{row.commit[:12]} {row.change:<8} {row.group}/{row.kind} {name}  {row.path}"


def check(name, truth, edits, mirror):
    """Prints the agreement on one repository and returns whether it reaches the threshold."""
    equal, only_truth, only_report = compare(truth, edits)
    allowed = collections.Counter()
    for title, rule in RULES:
        before = len(only_truth) + len(only_report)
        only_truth, only_report = rule(only_truth, only_report, truth, mirror)
        allowed[title] += before - len(only_truth) - len(only_report)
    different = len(only_truth) + len(only_report)
    percent = 100.0 * equal / (equal + different) if equal + different else 0.0
    by_rule = "; ".join(f"{title}: {count}" for title, count in allowed.items() if count)
    print(f"{name}: {percent:.3f} %, {equal} of {len(truth)} rows equal, {len(only_truth)} only in the truth, "
          f"{len(only_report)} only in the report" + (f"; allowed by rule: {by_rule}" if by_rule else ""))
    for title, rows in (("truth", only_truth), ("report", only_report)):
        for row in rows[:SHOWN_DIFFERENCES]:
            print(f"  only in the {title}: {shown(row)}")
        if len(rows) > SHOWN_DIFFERENCES:
            print(f"  … and {len(rows) - SHOWN_DIFFERENCES} more only in the {title}")
    return percent >= THRESHOLD


def newest_commit(path):
    return next(read_table(path))["commit"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the countersign program")
    parser.add_argument("--mirrors", type=pathlib.Path, required=True, help="a folder with OWNER+NAME/repo or OWNER+NAME")
    parser.add_argument("--truth", type=pathlib.Path, required=True, help="a folder with OWNER+NAME.policy.csv")
    parser.add_argument("repositories", nargs="*", help="OWNER+NAME; all of the truth folder by default")
    arguments = parser.parse_args()
    if not arguments.binary.exists():
        parser.error(f"there is no {arguments.binary}; build it first")
    names = arguments.repositories or sorted(path.name.removesuffix(ENDING) for path in arguments.truth.glob(f"*{ENDING}"))
    missing = [name for name in names if not (arguments.truth / f"{name}{ENDING}").exists()]
    if missing or not names:
        parser.error(f"no truth for {', '.join(missing) or 'any repository'} in {arguments.truth}")
    compared, enough = 0, True
    for name in names:
        mirror = mirror_of(arguments.mirrors, name)
        if mirror is None:
            print(f"{name}: no mirror in {arguments.mirrors}, not compared")
            continue
        newest = newest_commit(arguments.truth / f"{name}.csv")
        edits = report(arguments.binary, mirror, newest, first_parents(mirror, newest))
        enough &= check(name, read_truth(arguments.truth / f"{name}{ENDING}"), edits, mirror)
        compared += 1
    if compared == 0:
        print("nothing was compared: no mirror of a repository with policy truth is present")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
