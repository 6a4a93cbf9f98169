"""Holds the time to join a large export against the time that `jq length` needs to read the same files.

Writes 50,000 pull requests with 150,000 reviews as `gh pr list --json` gives them, about 200 MB, into a folder, and a
repository of one commit to audit. Both programs run one after the other in one go, each three times; the middle one counts.

    python3 benches/exports.py --binary target/release/countersign --folder DIR

`--pages N` spreads the same pull requests over N files; `--proposals N` makes fewer.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

WORDS = "deny privileged pods narrow ingress of the gateway raise limits rotate keys because an audit asked for it".split()


def oid(source):
    return "%040x" % source.getrandbits(160)


def stamp(minutes):
    day, rest = divmod(minutes, 1440)
    return f"2026-{1 + day // 28 % 12:02}-{1 + day % 28:02}T{rest // 60:02}:{rest % 60:02}:00Z"


def person(number):
    login = f"person-{number:03}"
    return {"id": f"MDQ6VXNlcj{number:08}", "is_bot": False, "login": login, "name": f"Person {number}"}


def pull(number, source):
    """One merged pull request with three reviews and two commits, of about 4 kB."""
    opened = number * 10
    text = lambda count: " ".join(source.choices(WORDS, k=count))
    head, first = oid(source), oid(source)
    reviews = [
        {
            "id": f"PRR_kwDO{source.getrandbits(64):x}", "author": {"login": f"person-{source.randrange(400):03}"},
            "authorAssociation": "MEMBER", "body": text(12), "submittedAt": stamp(opened + 5 + index), "includesCreatedEdit": False,
            "reactionGroups": [], "state": source.choice(["APPROVED", "COMMENTED", "CHANGES_REQUESTED"]),
            "commit": {"oid": source.choice([first, head])},
        }
        for index in range(3)
    ]
    commits = [
        {
            "oid": commit, "messageHeadline": text(6), "messageBody": text(30), "authoredDate": stamp(opened), "committedDate": stamp(opened),
            "authors": [{"email": "p@example.com", "id": "", "login": "p", "name": "P"}],
        }
        for commit in (first, head)
    ]
    return {
        "number": number, "title": text(7), "body": text(220), "state": "MERGED", "author": person(source.randrange(400)),
        "baseRefName": "main", "headRefName": f"change-{number}", "headRefOid": head, "mergeCommit": {"oid": oid(source)},
        "createdAt": stamp(opened), "mergedAt": stamp(opened + 9), "mergedBy": person(source.randrange(400)),
        "url": f"https://github.com/acme/policies/pull/{number}", "reviews": reviews, "commits": commits,
    }


def generate(folder, proposals, pages):
    source = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    for page in range(pages):
        with open(folder / f"pulls-{page:03}.json", "w", encoding="utf-8") as out:
            for position, number in enumerate(range(page + 1, proposals + 1, pages)):
                out.write("[" if position == 0 else ",")
                json.dump(pull(number, source), out)
            out.write("]\n")


def measured(command):
    """Seconds and peak kilobytes of a command, as /usr/bin/time tells them."""
    run = subprocess.run(["/usr/bin/time", "-f", "%e %M", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        sys.exit(f"{command[0]} failed:\n{run.stderr}")
    seconds, kilobytes = run.stderr.strip().splitlines()[-1].split()
    return float(seconds), int(kilobytes)


def middle(command, result=None):
    """The middle one of three; what an earlier one wrote is taken away first."""
    runs = []
    for _ in range(3):
        if result:
            shutil.rmtree(result, ignore_errors=True)
        runs.append(measured(command))
    return sorted(runs)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--proposals", type=int, default=50_000)
    parser.add_argument("--pages", type=int, default=1)
    given = parser.parse_args()
    evidence, repository, pack = (given.folder / name for name in ("evidence", "repository", "pack"))
    if not evidence.exists():
        generate(evidence, given.proposals, given.pages)
        environment = os.environ | {f"GIT_{role}_{part}": "bench" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        subprocess.run(["git", "init", "-q", "-b", "main", repository], check=True)
        subprocess.run(["git", "-C", repository, "commit", "-q", "--allow-empty", "-m", "start"], check=True, env=environment)
    files = sorted(evidence.iterdir())
    size = sum(file.stat().st_size for file in files)
    jq = middle(["jq", "length", *map(str, files)])
    command = [given.binary, "report", "--repo", repository, "--to", "main", "--no-cache", "--out", pack, "--evidence", evidence]
    join = middle(list(map(str, command)), pack)
    print(f"{given.proposals} proposals, {len(files)} files, {size / 1e6:.0f} MB")
    print(f"jq length: {jq[0]:.2f} s, {jq[1] / 1e3:.0f} MB")
    print(f"report --evidence: {join[0]:.2f} s, {join[1] / 1e3:.0f} MB")
    print(f"time {join[0] / jq[0]:.2f} of jq's, memory {join[1] * 1024 / size:.2f} times the files' size")


if __name__ == "__main__":
    main()
