#!/usr/bin/env python3
"""Compares the tickets, reviewers and proposals of `countersign report` with independent ground truth.

    tests/truth.py --binary target/release/countersign --mirrors DIR --truth DIR [OWNER+NAME ...]

For every `OWNER+NAME.csv` of the truth folder (columns commit, tickets, reviewers_sha256_12, merge_request) whose
mirror is present, the report is made up to the truth's newest commit, with settings that only name the project keys.
Where an `OWNER+NAME.allhistory.csv` stands beside it, that one is used and side commits are compared as well.
Differences that follow from a rule below are allowed, counted and printed; none is allowed for a single commit.
Exit code: 0 when every column of every repository agrees on 99.5 % or more, 1 otherwise, 2 on misuse.
"""

import argparse
import collections
import csv
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile

THRESHOLD = 99.5
COLUMNS = ("tickets", "reviewers", "proposal")
SHOWN_DIFFERENCES = 25


class Row:
    """What one commit says, as sets."""

    def __init__(self, tickets, reviewers, proposals):
        self.values = {"tickets": tickets, "reviewers": reviewers, "proposal": proposals}


def split(cell, separator=";"):
    return {part.strip() for part in (cell or "").split(separator) if part.strip()}


def unguarded(cell):
    """Takes back the apostrophe that keeps a spreadsheet from reading a cell as a formula."""
    return cell[1:] if cell and cell.startswith("'") else cell


def reviewer_hash(person):
    """The truth's name for a person: of the address, or of the name where there is none."""
    found = re.search(r"<([^<>]*)>\s*$", person)
    if found and "@" in found.group(1):
        word = found.group(1)
    else:
        word = person[: found.start()] if found and found.start() else person
    return hashlib.sha256(word.strip().lower().encode()).hexdigest()[:12]


def form(proposal):
    """The shape of a proposal's id: `#`, `!`, `PR`, `D`, `I` for a Change-Id, `http` for an address."""
    for shape, pattern in (("!", r".*![0-9]+"), ("#", r"#"), ("http", r"https?:"), ("PR", r"PR "), ("D", r"D[0-9]"), ("I", r"I[0-9a-f]{40}")):
        if re.match(pattern, proposal):
            return shape
    return "other"


def read_truth(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {
            row["commit"]: Row(split(row["tickets"]), split(row["reviewers_sha256_12"]), split(row["merge_request"]))
            for row in csv.DictReader(file)
        }


def read_row(row):
    cell = lambda name: unguarded(row.get(name) or "")
    tickets = split(cell("tickets")) | split(cell("tickets_mentioned"))
    people = {reviewer_hash(person) for person in split(cell("reviewers"))}
    return Row(tickets, people, split(cell("proposal")))


def read_table(path):
    csv.field_size_limit(sys.maxsize)
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Report:
    """The tables of a pack that the comparison needs."""

    def __init__(self, data):
        self.changes = {row["change_id"]: read_row(row) for row in read_table(data / "changes.csv")}
        self.commits = {}
        self.from_side_commits = collections.defaultdict(lambda: Row(set(), set(), set()))
        for row in read_table(data / "commits.csv"):
            own = read_row(row)
            self.commits[row["commit_id"]] = own
            if row["commit_id"] != row["change_id"]:
                for column, values in self.from_side_commits[row["change_id"]].values.items():
                    values |= own.values[column]
        self.listed_reviewers = collections.defaultdict(set)
        for row in read_table(data / "approvals.csv"):
            for column in ("reviewer", "reviewer_raw"):
                self.listed_reviewers[row["change_id"]].add(reviewer_hash(unguarded(row.get(column) or "")))


# Each rule takes what is missing and what is extra against the truth, and returns what is left to explain.


def rule_side_commits(missing, extra, column, commit, report, truth):
    """The truth looks at the commit's own message; the design also reads what the merge brought in."""
    return missing, extra - report.from_side_commits[commit].values[column]


def rule_work_items(missing, extra, column, commit, report, truth):
    """`Related work items: #1` is `AB#1` by design and `#1` in the truth."""
    expected = truth.rows[commit].values[column]
    written_both_ways = {ticket for ticket in extra if ticket.startswith("AB#") and ticket[2:] in expected}
    return missing - {ticket[2:] for ticket in written_both_ways}, extra - written_both_ways


def rule_issues_not_looked_for(missing, extra, column, commit, report, truth):
    """Where the truth knows only a ticket system's keys, it did not look for the forge's issues."""
    return missing, {ticket for ticket in extra if truth.has_issues or "#" not in ticket or ticket.startswith("AB#")}


def rule_other_conventions(missing, extra, column, commit, report, truth):
    """The truth reads one repository's own conventions; the design reads every convention everywhere."""
    return missing, extra if missing else {proposal for proposal in extra if form(proposal) in truth.proposal_forms}


def rule_not_counted(missing, extra, column, commit, report, truth):
    """A reviewer who is a bot counts in the truth; by design the pack lists them as not counted."""
    return missing - report.listed_reviewers[commit], extra


RULES = {
    "tickets": (("found on side commits", rule_side_commits), ("work items", rule_work_items),
                ("issues not looked for", rule_issues_not_looked_for)),
    "reviewers": (("found on side commits", rule_side_commits), ("listed, not counted", rule_not_counted)),
    "proposal": (("found on side commits", rule_side_commits), ("another convention", rule_other_conventions)),
}


class Truth:
    """One repository's truth."""

    def __init__(self, folder, name):
        self.name = name
        first_parents = read_truth(folder / f"{name}.csv")
        everything = folder / f"{name}.allhistory.csv"
        self.includes_side_commits = everything.exists()
        self.tip = next(iter(first_parents))
        self.rows = read_truth(everything) if self.includes_side_commits else first_parents
        tickets = {ticket for row in self.rows.values() for ticket in row.values["tickets"]}
        keys = (re.match(r"([A-Z][A-Z0-9_]+)-[0-9]", ticket) for ticket in tickets)
        self.projects = sorted({key.group(1) for key in keys if key})
        self.proposal_forms = {form(proposal) for row in self.rows.values() for proposal in row.values["proposal"]}
        self.has_issues = any("#" in ticket and not ticket.startswith("AB#") for ticket in tickets)


class Result:
    """The agreement of one column."""

    def __init__(self):
        self.same = 0
        self.allowed = collections.Counter()
        self.differences = []

    def percent(self, count):
        return 100.0 * (count - len(self.differences)) / count if count else 0.0


def compare(truth, report):
    results = {column: Result() for column in COLUMNS}
    ours = report.commits if truth.includes_side_commits else report.changes
    for commit, expected in truth.rows.items():
        found = ours.get(commit)
        for column in COLUMNS:
            result = results[column]
            if found is None:
                result.differences.append((commit, {"(commit)"}, set()))
            else:
                compare_values(result, column, commit, expected.values[column], found.values[column], report, truth)
    return results


def compare_values(result, column, commit, expected, found, report, truth):
    missing, extra = expected - found, found - expected
    if not missing and not extra:
        result.same += 1
        return
    used = []
    for name, rule in RULES[column]:
        before = (missing, extra)
        missing, extra = rule(missing, extra, column, commit, report, truth)
        if (missing, extra) != before:
            used.append(name)
    if missing or extra:
        result.differences.append((commit, missing, extra))
    else:
        result.allowed[" + ".join(used)] += 1


def print_results(truth, results):
    count = len(truth.rows)
    print(f"{truth.name}: {count} commits compared")
    for column, result in results.items():
        allowed = "; ".join(f"{name}: {number}" for name, number in sorted(result.allowed.items()))
        note = f"  allowed by rule: {allowed}" if allowed else ""
        print(f"  {column:<10} {result.percent(count):7.3f} %  equal {result.same}, different {len(result.differences)}{note}")
        for commit, missing, extra in result.differences[:SHOWN_DIFFERENCES]:
            print(f"    {commit}  only in the truth: {sorted(missing)}  only in the report: {sorted(extra)}")
        if len(result.differences) > SHOWN_DIFFERENCES:
            print(f"    … and {len(result.differences) - SHOWN_DIFFERENCES} more")
    return all(result.percent(count) >= THRESHOLD for result in results.values())


def find_mirror(folder, name):
    for candidate in (folder / name / "repo", folder / name, folder / f"{name}.git"):
        if (candidate / "HEAD").exists() or (candidate / ".git").exists():
            return candidate
    return None


def make_report(binary, mirror, truth, folder):
    settings = folder / "settings.toml"
    projects = ", ".join(f'"{key}"' for key in truth.projects)
    settings.write_text(f"[tickets]\nprojects = [{projects}]\n", encoding="utf-8")
    out = folder / "pack"
    command = [binary, "report", "--repo", mirror, "--to", truth.tip, "--settings", settings, "--out", out]
    finished = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if finished.returncode != 0:
        print(f"{truth.name}: the report failed with exit code {finished.returncode}: {finished.stderr.strip()}")
        return None
    return Report(out / "data")


def check_repository(arguments, name):
    truth = Truth(arguments.truth, name)
    mirror = find_mirror(arguments.mirrors, name)
    if mirror is None:
        print(f"{name}: not compared, no mirror in {arguments.mirrors}")
        return True
    with tempfile.TemporaryDirectory() as folder:
        report = make_report(arguments.binary, mirror, truth, pathlib.Path(folder))
    return report is not None and print_results(truth, compare(truth, report))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the countersign program")
    parser.add_argument("--mirrors", type=pathlib.Path, required=True, help="a folder with OWNER+NAME/repo or OWNER+NAME")
    parser.add_argument("--truth", type=pathlib.Path, required=True, help="a folder with OWNER+NAME.csv")
    parser.add_argument("repositories", nargs="*", help="OWNER+NAME; all of the truth folder by default")
    arguments = parser.parse_args()
    names = arguments.repositories or sorted(path.stem for path in arguments.truth.glob("*.csv") if "." not in path.stem)
    missing = [name for name in names if not (arguments.truth / f"{name}.csv").exists()]
    if missing or not names:
        parser.error(f"no truth for {', '.join(missing) or 'any repository'} in {arguments.truth}")
    outcomes = [check_repository(arguments, name) for name in names]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
