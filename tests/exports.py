"""Reads recorded answers of real forges and trackers with the binary, and says what they were read as.

Nothing of the recordings is kept in this repository: name the folders into which they were unpacked.

    python3 tests/exports.py --binary target/debug/countersign --octokit node_modules/@octokit/webhooks-examples \
        --pygithub PyGithub --azure vsts-rest-api-specs --gitlab go-gitlab --jira go-jira

Each recording is given to `countersign report --evidence` beside a repository that it has nothing to do with.

Each is left out, by name, where it is not given. Ends with 1 where a recording that should be understood is not, or where
fewer were found than are known to be there.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def octokit(folder):
    """Pull requests and reviews out of events, wrapped in the lists that the REST interface gives."""
    for index in sorted(Path(folder).glob("*/index.json")):
        for event in json.loads(index.read_text()):
            for number, example in enumerate(event["examples"]):
                name = f"octokit-{index.parent.name}-{event['name']}-{number}"
                if event["name"] in ("pull_request", "pull_request_review"):
                    yield f"{name}-pull", [example["pull_request"]]
                if event["name"] == "pull_request_review":
                    yield f"{name}-review", [example["review"]]


def pygithub(folder):
    """Answers to GET in recordings: a recording is lines of method, host, none, path, headers, body, status, headers, answer."""
    wanted = re.compile(r"/pulls(\?|$)|/pulls/\d+$|/pulls/\d+/(reviews|commits)(\?|$)")
    for path in sorted(Path(folder).glob("**/ReplayData/*.txt")):
        lines = path.read_text(errors="replace").split("\n")
        for number, line in enumerate(lines):
            if line[:1] not in ("[", "{"):
                continue
            asked = [above for above in range(max(number - 8, 3), number) if lines[above].startswith("/")]
            if not asked or lines[asked[-1] - 3] != "GET" or not wanted.search(lines[asked[-1]]):
                continue
            try:
                yield f"pygithub-{path.stem}-{number}", json.loads(line)
            except ValueError:
                continue  # request bodies and headers are no JSON


def azure(folder):
    """Bodies of the documented answers about pull requests and threads."""
    for part in ("pullRequests", "pullRequestThreads"):
        for path in sorted(Path(folder).glob(f"specification/git/7.1/httpExamples/{part}/GET*.json")):
            yield f"azure-{part}-{path.stem}", json.loads(path.read_text())["responses"]["200"]["body"]


def gitlab(folder):
    """Merge requests in files, approval states in the source of tests."""
    for path in sorted(Path(folder).glob("testdata/get_merge_request*.json")):
        value = json.loads(path.read_text())
        if "merge_train" not in path.name:
            yield f"gitlab-{path.stem}", value
    source = Path(folder, "merge_request_approvals_test.go").read_text()
    for number, answer in enumerate(re.findall(r"Fprint\(w, `(.*?)`\)", source, re.S)):
        value = json.loads(answer)
        if "approval_rules_overwritten" in value:
            yield f"gitlab-approval-state-{number}", value


def jira(folder):
    """Issues of a sprint; what is no list of issues has to be refused, and is not among them."""
    for path in sorted(Path(folder).glob("testing/mock-data/issues*.json")):
        yield f"jira-{path.stem}", json.loads(path.read_text())


# Where to find them, and how many there are at least.
SOURCES = {"octokit": (octokit, 40), "pygithub": (pygithub, 40), "azure": (azure, 6), "gitlab": (gitlab, 4), "jira": (jira, 1)}


def repository(folder):
    """A repository of one commit."""
    path = Path(folder, "repository")
    git = {f"GIT_{role}_{part}": "test" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    git |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", "-b", "main", path], check=True, env=os.environ | git)
    subprocess.run(["git", "-C", path, "commit", "-q", "--allow-empty", "-m", "start"], check=True, env=os.environ | git)
    return path


def read(binary, repo, evidence):
    """What the pack says about the one file of an evidence folder; or what the binary complains about."""
    pack = evidence.with_suffix(".pack")
    command = [binary, "report", "--repo", repo, "--to", "main", "--no-cache", "--out", pack, "--evidence", evidence]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if run.returncode:
        return False, run.stderr.strip().splitlines()[0]
    # Every file is in the pack, with what it was recognised as.
    row = re.search(r"raw/1/[^<]*</bdi></th><td>([^<]+)", (pack / "index.html").read_text("utf-8"))
    return True, row[1] if row else "read"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True, type=Path)
    for source in SOURCES:
        parser.add_argument(f"--{source}", metavar="FOLDER")
    parser.add_argument("--verbose", action="store_true", help="print what each was read as")
    given = vars(parser.parse_args())
    problems, folders = [], []
    with tempfile.TemporaryDirectory() as folder:
        for source, (examples, least) in SOURCES.items():
            if not given[source]:
                print(f"{source}: left out, no folder given")
                continue
            before = len(folders)
            for name, value in examples(given[source]):
                evidence = Path(folder, re.sub(r"[^A-Za-z0-9-]+", "_", name)[:180])
                evidence.mkdir(exist_ok=True)
                (evidence / "recording.json").write_text(json.dumps(value))
                folders.append(evidence)
            print(f"{source}: {len(folders) - before} recordings")
            if len(folders) - before < least:
                problems.append(f"{source}: {len(folders) - before} recordings found, {least} expected")
        repo = repository(folder)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            told = list(pool.map(lambda evidence: read(given["binary"].resolve(), repo, evidence), folders))
    for evidence, (understood, words) in zip(folders, told):
        if given["verbose"] or not understood:
            print(f"{'ok' if understood else 'wrong'} {evidence.name}: {words}")
    understood = sum(understood for understood, _ in told)
    print(f"{understood} of {len(folders)} understood")
    if understood != len(folders):
        problems.append(f"{len(folders) - understood} recordings are not understood")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
