"""Reads recorded answers of real forges with the readers of exports, and says what they were read as.

Nothing of the recordings is kept in this repository: name the folders into which they were unpacked.

    python3 tests/exports.py --octokit node_modules/@octokit/webhooks-examples \
        --pygithub PyGithub --azure vsts-rest-api-specs --gitlab go-gitlab

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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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


# Where to find them, and how many there are at least.
SOURCES = {"octokit": (octokit, 40), "pygithub": (pygithub, 40), "azure": (azure, 6), "gitlab": (gitlab, 4)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for source in SOURCES:
        parser.add_argument(f"--{source}", metavar="FOLDER")
    parser.add_argument("--verbose", action="store_true", help="print what each was read as")
    given = vars(parser.parse_args())
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        for source, (examples, least) in SOURCES.items():
            if not given[source]:
                print(f"{source}: left out, no folder given")
                continue
            count = 0
            for name, value in examples(given[source]):
                Path(folder, re.sub(r"[^A-Za-z0-9.-]+", "_", name)[:180] + ".json").write_text(json.dumps(value))
                count += 1
            print(f"{source}: {count} recordings")
            if count < least:
                problems.append(f"{source}: {count} recordings found, {least} expected")
        test = ["cargo", "test", "--quiet", "--lib", "a_folder_of_exports", "--", "--ignored", "--nocapture"]
        run = subprocess.run(
            test, cwd=ROOT, env=os.environ | {"COUNTERSIGN_EXPORTS": folder}, capture_output=True, text=True, check=False
        )
        expected = len(os.listdir(folder))
    if run.returncode:
        problems.append(run.stderr or run.stdout)
    understood = [line for line in run.stdout.splitlines() if line.startswith("ok ")]
    problems += [line for line in run.stdout.splitlines() if line.startswith("wrong ")]
    print(run.stdout if given["verbose"] else f"{len(understood)} of {expected} understood")
    if len(understood) != expected:
        problems.append(f"{expected - len(understood)} recordings are not understood")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
