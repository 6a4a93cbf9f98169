#!/usr/bin/env python3
"""Reads every format of `countersign gate` back as the systems do that it is made for.

    tests/gate_formats.py --binary target/debug/countersign [--multitool Sarif.Multitool] [--junit-schema junit-10.xsd]

Makes repositories whose messages and paths try to be commands, markup and other things, judges them in every format,
and compares what a reader gets with `--format json`. SARIF is validated by Microsoft's multitool with the rules of
GitHub's code scanning, JUnit against the schema of Jenkins; for the latter Python needs lxml. Whatever is missing is
said by name. GITHUB_STEP_SUMMARY is given to the gate, and the summary is read too.

Exit code: 0 when everything that could be checked holds, 1 otherwise, 2 on misuse.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree

FORMATS = ["text", "github", "gitlab", "azure", "junit", "sarif", "json"]
MESSAGES = [
    "::set-output name=gate::passed",
    "\u00a0\t ::error file=a,line=1::b",
    "##[add-mask]e and ##vso[task.complete result=Succeeded;]done",
    "#\ufe0f#\u200d[set-env name=PATH]/evil ##teamcity[x]",
    "]]> <script>alert(1)</script> & \"quotes\" 'single' <!-- --> <![CDATA[",
    "`code` ``` | pipe \\| end | @octocat #1 https://evil.example [link](javascript:x) $x$ {0} {{ .Values }}",
    "percent %0A::error::x %25 %AZP25 %3B %5D %0D",
    "right\u202eto left, zero\u200bwidth, \x1b[31mred\x1b[0m \u009b31m \ufeff",
    "first\r\n\r\n::error::second\n##vso[task.setvariable variable=x]y",
    "政策を変更 équipe 🚀 \uffff",
    "",
]
PATHS = [
    "apps/db.yaml",
    "a b,c:d;e]f%0A%AZP25?g#h/::x::.yaml",
    "##[error]/##vso[task.complete].yaml",
    "été/政策\u202e\u200b.yaml",
    "quote\"|`<>&'.yaml",
]
# What is judged: its name, how many commits there are, and how the gate is asked.
STORIES = [
    ("a proposal", 33, []),
    ("commit by commit", 33, ["--replay"]),
    ("many commits", 1000, ["--replay"]),
]
POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: db-{name}, namespace: billing}}
spec:
  podSelector: {{}}
  policyTypes: [Ingress]
  ingress:
  - from: [{{ipBlock: {{cidr: {cidr}}}}}]
"""


class Failure(Exception):
    """What a reader did not get as it was meant."""


def demand(holds, what):
    if not holds:
        raise Failure(what)


def stream(commits):
    """A fast-import stream: one commit that stands already, then commits that bring the hostile texts."""
    parts = [b"feature done\n"]
    for number in range(commits + 1):
        message = MESSAGES[number % len(MESSAGES)] if number else "SEC-1: Begin"
        paths = PATHS if number == 0 else [PATHS[number % len(PATHS)]]
        data = message.encode()
        person = b"Ann Author <ann@example.org> %d +0000\n" % (1767225600 + number * 60)
        parts += [b"commit refs/heads/main\n", b"committer ", person, b"data %d\n" % len(data), data, b"\n"]
        for path in paths:
            cidr = "10.0.0.0/8" if number == 0 else f"0.0.0.0/{number % 7}"
            content = POLICY.format(name=PATHS.index(path), cidr=cidr).encode()
            quoted = path.replace("\\", "\\\\").replace('"', '\\"').encode()
            parts += [b'M 100644 inline "', quoted, b'"\n', b"data %d\n" % len(content), content, b"\n"]
        if number == 0:
            parts.append(b"reset refs/heads/base\nfrom refs/heads/main\n\n")
    return b"".join(parts) + b"done\n"


def repository(folder, commits):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True, env=environment)
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    subprocess.run(command, input=stream(commits), check=True, env=environment)
    return folder


class Gate:
    """Runs the gate once for each format."""

    def __init__(self, binary, repo, scratch, way):
        self.scratch = scratch
        self.texts, self.exits = {}, set()
        self.summary = ""
        for name in FORMATS:
            summary = scratch / f"summary-{name}"
            command = [binary, "gate", "--repo", repo, "--from", "base", "--to", "main", *way, "--format", name]
            environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(summary)}
            run = subprocess.run(list(map(str, command)), capture_output=True, check=False, env=environment)
            self.texts[name] = run.stdout.decode("utf-8")
            self.exits.add(run.returncode)
            if summary.exists():
                self.summary = summary.read_text("utf-8")
        self.findings = [found for ruling in json.loads(self.texts["json"])["rulings"] for found in ruling["findings"]]

    def file(self, name, ending):
        path = self.scratch / f"{name}.{ending}"
        path.write_text(self.texts[name], "utf-8")
        return path


def count(findings, *stances):
    return sum(found["stance"] in stances for found in findings)


def check_exit(gate):
    demand(gate.exits == {1}, f"the exit code is 1 in every format, not {sorted(gate.exits)}")
    demand(count(gate.findings, "refuses") > 0 and count(gate.findings, "warns") > 0, "findings refuse and warn")
    return f"exit 1 in {len(FORMATS)} formats, {len(gate.findings)} findings"


def check_inert(gate):
    """No line is a command of a CI system but those that are meant to be; what is not ASCII is overlooked."""
    allowed = {"github": r"::(error|warning|notice) ", "azure": r"##vso\[task\.(logissue type=|complete result=Failed;\])"}
    for name, text in gate.texts.items():
        for line in re.split(r"[\r\n\x0b\x0c\x85\u2028\u2029]", text):
            match = re.match(allowed.get(name, r"(?!)"), line)
            demand(match or name != "github" or not line, f"github: no command: {line!r}")
            rest = "".join(character for character in line[match.end() if match else 0 :] if character.isascii())
            demand(not rest.strip().startswith("::"), f"{name}: {line!r}")
            if "file=" not in rest and "sourcepath=" not in rest:
                demand(not re.search(r"##[A-Za-z]*\[", rest), f"{name}: {line!r}")
    return "no line can be taken for another command"


def check_text(gate):
    lines = gate.texts["text"].splitlines()
    demand(lines[0].startswith("refused: ") and lines[-1].startswith("refused: "), "the verdict stands first and last")
    demand(len(lines) < 200, f"{len(lines)} lines")
    hidden = re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", gate.texts["text"])
    demand(not hidden, f"hidden characters: {hidden}")
    return f"{len(lines)} lines, nothing hidden"


def undo(text, *escapes):
    for escape, character in escapes:
        text = text.replace(escape, character)
    return text


def places(findings):
    return {(found["place"]["path"], found["place"]["line"]) for found in findings if found["place"]}


def check_github(gate):
    """As `ActionCommand` of GitHub's runner reads a line."""
    levels, found = [], set()
    line_ends = (("%0D", "\r"), ("%0A", "\n"))
    for line in gate.texts["github"].splitlines():
        info, separator, data = line.lstrip()[2:].partition("::")
        command, _, properties = info.partition(" ")
        escapes = (*line_ends, ("%3A", ":"), ("%2C", ","), ("%25", "%"))
        values = dict(pair.split("=", 1) for pair in properties.split(",") if pair)
        values = {name: undo(value, *escapes) for name, value in values.items()}
        demand(separator and set(values) <= {"file", "line", "title"} and values.get("title"), f"properties of {line!r}")
        demand(undo(data, *line_ends, ("%25", "%")).strip(), "every annotation says something")
        levels.append(command)
        if "file" in values:
            found.add((values["file"], int(values["line"])))
    demand(levels == sorted(levels, key=["error", "warning", "notice"].index), "errors come first")
    demand(found <= places(gate.findings) and (found or not places(gate.findings)), "files and lines come back")
    return f"{collections.Counter(levels)}, {len(found)} places"


def check_azure(gate):
    """As `Command` of the agent reads a line."""
    found, kinds = set(), collections.Counter()
    escapes = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%"))
    for line in gate.texts["azure"].splitlines():
        start = line.find("##vso[")
        if start < 0:
            kinds["log"] += 1
            continue
        info, _, data = line[start + 6 :].partition("]")
        name, _, properties = info.partition(" ")
        values = dict(pair.split("=", 1) for pair in properties.split(";") if pair)
        values = {name: undo(value, *escapes) for name, value in values.items()}
        kinds[values.get("type", name)] += 1
        demand(undo(data, *escapes).strip(), "every issue says something")
        if "sourcepath" in values:
            found.add((values["sourcepath"], int(values["linenumber"])))
    demand(kinds["task.complete"] == 1 and line.startswith("##vso[task.complete result=Failed;]"), "the task fails at the end")
    demand(found <= places(gate.findings) and (found or not places(gate.findings)), "files and lines come back")
    return f"{dict(kinds)}, {len(found)} places"


def check_gitlab(gate):
    """What GitLab's reader needs in every entry; it stops at the first one that lacks something."""
    entries = json.loads(gate.texts["gitlab"])
    demand(len(entries) == len(gate.findings), f"{len(entries)} entries")
    for entry in entries:
        demand(all(isinstance(entry[key], str) and entry[key] for key in ("description", "check_name", "fingerprint")), entry)
        demand(entry["severity"] in ("info", "minor", "major", "critical", "blocker"), entry)
        path, line = entry["location"]["path"], entry["location"]["lines"]["begin"]
        demand(isinstance(line, int) and line >= 1 and path and not path.startswith(("/", "./")), entry)
    demand(len({entry["fingerprint"] for entry in entries}) == len(entries), "fingerprints differ")
    return f"{len(entries)} entries"


def check_junit(gate):
    root = xml.etree.ElementTree.fromstring(gate.texts["junit"])
    for suite in root.iter("testsuite"):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            demand(int(suite.get(name)) == len(list(suite.iter(tag))), f"{name} of a suite")
        names = [(case.get("classname"), case.get("name")) for case in suite.iter("testcase")]
        demand(len(set(names)) == len(names), "names of test cases differ")
    failures, skipped = len(list(root.iter("failure"))), len(list(root.iter("skipped")))
    demand(failures == count(gate.findings, "refuses") + 1, "a failure for each refusal and for the decision")
    demand(skipped == count(gate.findings, "unsure"), "only what could not be concluded is skipped")
    return f"well formed, {root.get('tests')} cases, {failures} failures"


def check_sarif(gate):
    (run,) = json.loads(gate.texts["sarif"])["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    demand(len(run["results"]) == len(gate.findings), "a result for each finding")
    found = set()
    for result in run["results"]:
        demand(rules[result["ruleIndex"]] == result["ruleId"], "the rule's index")
        physical = result["locations"][0]["physicalLocation"]
        path = urllib.parse.unquote(physical["artifactLocation"]["uri"])
        demand(re.fullmatch(r"[A-Za-z0-9._~/%-]+", physical["artifactLocation"]["uri"]), "a plain relative reference")
        if not path.startswith(".git/"):
            found.add((path, physical["region"]["startLine"]))
        demand("](" not in result["message"]["text"], "no link from foreign text")
    demand(found == places(gate.findings), "files and lines come back")
    return f"{len(run['results'])} results, {len(rules)} rules, {len(found)} places"


def check_summary(gate):
    demand(gate.summary.startswith("## countersign: refused\n"), "a step summary was written")
    demand(len(gate.summary.encode()) < 1 << 20, "it is below 1 MiB")
    for line in gate.summary.splitlines():
        outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
        demand(not re.search(r"[`<>@\[\]\\$]|://", outside), f"markup outside of code: {line!r}")
        demand(not line.startswith("|") or line.count("|") == 4, f"cells of {line!r}")
    return f"{len(gate.summary.encode())} bytes, foreign text in code spans only"


def problems_of(multitool, path):
    """Errors and warnings of Microsoft's validator with GitHub's rules."""
    log = path.with_suffix(".validation")
    command = [str(multitool), "validate", str(path), "--rule-kind", "Sarif;Ghas", "--log", "ForceOverwrite", "-o", str(log)]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    run = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=600)
    demand(log.exists(), f"the validator wrote nothing: {run.stdout[-500:]!r} {run.stderr[-500:]!r}")
    results = [result for run in json.loads(log.read_text("utf-8-sig"))["runs"] for result in run["results"]]
    return [result["ruleId"] for result in results if result.get("level", "warning") in ("error", "warning")]


def check_sarif_schema(gate, multitool):
    problems = problems_of(multitool, gate.file("sarif", "sarif"))
    demand(not problems, f"the validator complains: {collections.Counter(problems)}")
    broken = json.loads(gate.texts["sarif"])
    del broken["runs"][0]["results"][0]["locations"], broken["runs"][0]["tool"]["driver"]["name"]
    path = gate.scratch / "broken.sarif"
    path.write_text(json.dumps(broken), "utf-8")
    demand(problems_of(multitool, path), "the validator complains about a broken file")
    return "valid, also for code scanning; a broken copy is not"


def check_junit_schema(gate, path):
    import lxml.etree

    schema = lxml.etree.XMLSchema(lxml.etree.parse(str(path)))
    document = lxml.etree.fromstring(gate.texts["junit"].encode())
    demand(schema.validate(document), f"the schema refuses it: {str(schema.error_log)[:500]}")
    document[0].set("unknown", "1")
    demand(not schema.validate(document), "the schema refuses a broken copy")
    return "valid; a broken copy is not"


def lacks_lxml():
    try:
        import lxml.etree  # noqa: F401
    except ImportError:
        return True
    return False


def checks(arguments, gate):
    """Every check by its name, with what runs it or why it cannot be run."""
    plain = [check_exit, check_inert, check_text, check_github, check_azure, check_gitlab, check_junit, check_sarif, check_summary]
    for check in plain:
        yield check.__name__.removeprefix("check_"), check, None
    missing = None if arguments.multitool else "no --multitool"
    yield "SARIF schema and code scanning", lambda gate: check_sarif_schema(gate, arguments.multitool), missing
    missing = "no --junit-schema" if not arguments.junit_schema else "no lxml" if lacks_lxml() else None
    yield "JUnit schema", lambda gate: check_junit_schema(gate, arguments.junit_schema), missing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--multitool", type=pathlib.Path)
    parser.add_argument("--junit-schema", type=pathlib.Path)
    arguments = parser.parse_args()
    failed, not_checked = False, {}
    for story, commits, way in STORIES:
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            gate = Gate(arguments.binary.resolve(), repository(scratch / "repo.git", commits), scratch, way)
            for name, check, missing in checks(arguments, gate):
                if missing:
                    not_checked[name] = missing
                    continue
                try:
                    print(f"{story}: {name}: {check(gate)}")
                except (Failure, LookupError, ValueError, SyntaxError) as failure:
                    failed = True
                    print(f"{story}: {name}: FAILED: {type(failure).__name__}: {failure}")
    for name, missing in not_checked.items():
        print(f"not checked here: {name}: {missing}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
