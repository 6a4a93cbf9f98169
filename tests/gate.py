#!/usr/bin/env python3
"""Tries to talk the gate into letting changes in, on real repositories; runs its peers on the same; measures its speed.

    tests/gate.py attempts --binary target/release/countersign [--peers DIR] REPOSITORY [REPOSITORY ...]
    tests/gate.py speed --binary target/release/countersign [--peers DIR] [--commits 50000] [--rounds 15]
    tests/gate.py install --peers DIR

`attempts` clones each repository in full and makes every attempt of `tests/integration/gate/attempts.toml` on top of its
HEAD, in a copy of its own. Exit code 1 when one passes. With `--peers`, those attempts that are commits of a range and
ask for no settings of this gate are put before commitlint and gitlint as well, each told to demand a ticket. Of the other
peers, commit-check has no rule for tickets, and conform comes as a Go program that neither registry has.
`speed` makes a repository and runs the gate, `git rev-list --count` and the peers on the same commits in turns; it prints
medians of whole processes. Exit code 1 when a goal is missed. `install` fetches the peers from their registries.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import tomllib

TABLE = pathlib.Path(__file__).parent / "integration" / "gate" / "attempts.toml"
START = 1_767_614_400
PEOPLE = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Alice Example"), ("EMAIL", "alice@example.com"), ("DATE", f"{START} +0000"))
}
ENVIRONMENT = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"} | PEOPLE
TICKET = r"\b(?!UTF-|SHA-|CVE-|RFC-|ISO-|TLS-)[A-Z][A-Z0-9]+-[1-9][0-9]*\b"


def run(command, folder=None, text=None, **more):
    environment = ENVIRONMENT | more
    return subprocess.run([str(word) for word in command], cwd=folder, env=environment, input=text, capture_output=True, check=False)


def git(folder, *arguments, text=None):
    done = run(["git", "-C", folder, *arguments], text=text)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(map(str, arguments))}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode(errors="replace").strip()


# ---- the attempts


class Made:
    """An attempt made in a copy of a repository."""

    def __init__(self, attempt, prelude, original, folder):
        self.attempt = attempt
        self.folder = folder / "repo"
        shutil.copytree(original, self.folder, copy_function=os.link, symlinks=True)
        for name in ("HEAD", "index", "config", "packed-refs"):
            self.unlink(self.folder / ".git" / name)
        for path in (self.folder / ".git" / "refs").rglob("*"):
            if path.is_file():
                self.unlink(path)
        self.script(prelude, git(self.folder, "rev-parse", "HEAD"), attempt.get("before", ""))
        self.base = git(self.folder, "rev-parse", "HEAD")
        self.server = self.make_server(folder) if attempt.get("push") else None
        if "message" in attempt:
            author = attempt.get("author", "Alice Example <alice@example.com>")
            words = ["commit", "-q", "--allow-empty", "--cleanup=verbatim", "--author", author, "-F", "-"]
            git(self.folder, *words, text=attempt["message"].encode())
        else:
            self.script(prelude, self.base, attempt.get("change", ""))
        if attempt.get("lying_graph"):
            lie(self.folder, self.base)

    @staticmethod
    def unlink(path):
        """Gives a file bytes of its own: the copy shares all others with the original."""
        if path.exists():
            content = path.read_bytes()
            path.unlink()
            path.write_bytes(content)

    def script(self, prelude, base, text):
        done = run(["sh", "-e", "-c", f"{prelude}\n{text}"], self.folder, BASE=base)
        if done.returncode:
            raise RuntimeError(f"cannot be made here: {done.stderr.decode(errors='replace')[-300:]}")

    def make_server(self, folder):
        server = folder / "server.git"
        run(["git", "init", "-q", "--bare", "-b", "main", server])
        (server / "objects" / "info" / "alternates").write_text(f"{self.folder / '.git' / 'objects'}\n")
        git(server, "update-ref", "refs/heads/main", self.base)
        # The server must not find the objects of a push where the client keeps them.
        (server / "objects" / "info" / "alternates").unlink()
        pack = run(["git", "-C", self.folder, "pack-objects", "--revs", "--stdout", "-q"], text=f"{self.base}\n".encode()).stdout
        run(["git", "-C", server, "index-pack", "--stdin"], text=pack)
        return server

    def judge(self, binary):
        if self.server:
            return self.judge_push(binary)
        start = self.attempt.get("from", self.base)
        start = self.base[:10] if start == "short" else start
        settings = ["--settings", self.attempt["settings"]] if "settings" in self.attempt else []
        return run([binary, "gate", "--from", start, "--to", "HEAD", *settings], self.folder).returncode

    def judge_push(self, binary):
        for reference in self.attempt.get("first", []):
            git(self.folder, "push", "-q", self.server, reference)
        settings = ""
        if "settings_outside" in self.attempt:
            path = self.folder.parent / "outside.toml"
            path.write_text(self.attempt["settings_outside"])
            settings = f"--settings '{path}'"
        hook = self.server / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n'{binary}' gate --hook pre-receive {settings}\ncode=$?\necho $code > gate-exit\nexit $code\n")
        hook.chmod(0o755)
        pushed = run(["git", "-C", self.folder, "push", "-q", self.server, *self.attempt["push"]])
        written = self.server / "gate-exit"
        code = int(written.read_text()) if written.exists() else -1
        return 0 if pushed.returncode == 0 else code


def lie(folder, base):
    """A commit-graph file with a right checksum in which the base descends from HEAD."""
    head = git(folder, "rev-parse", "HEAD")
    git(folder, "commit-graph", "write", "--reachable")
    path = folder / ".git" / "objects" / "info" / "commit-graph"
    data = bytearray(path.read_bytes())
    chunks = {bytes(data[8 + 12 * n : 12 + 12 * n]): struct.unpack(">Q", data[12 + 12 * n : 20 + 12 * n])[0] for n in range(data[6])}
    ids, entries = chunks[b"OIDL"], chunks[b"CDAT"]
    position = {data[at : at + 20].hex(): (at - ids) // 20 for at in range(ids, entries, 20)}
    for number in position.values():
        at = entries + 36 * number + 28
        data[at : at + 4] = struct.pack(">I", (0x30000000 if number == position[base] else 1) << 2)
    at = entries + 36 * position[base] + 20
    data[at : at + 8] = struct.pack(">II", position[head], 0x70000000)
    data[-20:] = hashlib.sha1(data[:-20]).digest()
    path.unlink()
    path.write_bytes(data)


def attempts(options):
    table = tomllib.loads(TABLE.read_text())
    peers = Peers(options.peers) if options.peers else None
    passed, results = 0, {}
    for repository in options.repositories:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            original = folder / "original"
            try:
                git(folder, "clone", "-q", "--no-local", "--no-checkout", repository, original)
            except RuntimeError as problem:
                print(f"\n{repository} cannot be cloned in full, so nothing was tried: {str(problem)[-200:]}")
                passed += 1
                continue
            git(original, "read-tree", "HEAD")
            name = pathlib.Path(repository).resolve()
            name = name.parent.name if name.name in ("repo", ".git") else name.name
            print(f"\n{name}, {git(original, 'rev-list', '--count', 'HEAD')} commits", flush=True)
            for attempt in table["attempt"]:
                passed += one(attempt, table["prelude"], original, folder, options, peers, results)
    print(f"\n{len(table['attempt'])} attempts on {len(options.repositories)} repositories: {passed} passed the gate or went another way than they should")
    for peer, (let_in, asked) in results.items():
        print(f"{peer}: {let_in} of {asked} passed")
    return 1 if passed else 0


def one(attempt, prelude, original, folder, options, peers, results):
    with tempfile.TemporaryDirectory(dir=folder) as place:
        try:
            made = Made(attempt, prelude, original, pathlib.Path(place))
        except RuntimeError as problem:
            print(f"  not made  {attempt['name']}: {problem}", flush=True)
            return 1
        code = made.judge(options.binary)
        words = {0: "PASSED", 1: "refused", 3: "not concluded"}.get(code, f"exit {code}")
        is_right = code in attempt.get("exits", [1])
        line = f"  {words:13} {attempt['name']}"
        is_for_all = not {"before", "from", "push", "settings", "lying_graph"} & attempt.keys()
        if peers and is_for_all:
            for peer, let_in in peers.judge(made.folder, made.base):
                before = results.get(peer, (0, 0))
                results[peer] = (before[0] + let_in, before[1] + 1)
                line += f" | {peer}: {'passed' if let_in else 'refused'}"
        print(line if is_right else f"{line}   <-- another code than {attempt.get('exits', [1])}", flush=True)
        return 0 if is_right else 1


# ---- the peers


class Peers:
    """commitlint and gitlint as installed, each told to demand a ticket."""

    PATIENCE = 20

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.settings = self.folder / "settings"
        self.settings.mkdir(exist_ok=True)
        self.commitlint = self.folder / "npm" / "node_modules" / ".bin" / "commitlint"
        self.gitlint = self.folder / "py" / "bin" / "gitlint"
        rule = {"extends": ["@commitlint/config-conventional"], "parserPreset": {"parserOpts": {"issuePrefixes": ["SEC-", "PROJ-", "OTHER-"]}}}
        rule["rules"] = {"references-empty": [2, "never"]}
        rule["rules"] |= {name: [0] for name in ("type-empty", "type-enum", "subject-empty", "subject-case", "subject-full-stop", "body-leading-blank")}
        rule["rules"] |= {name: [0] for name in ("header-max-length", "body-max-line-length", "footer-max-line-length", "footer-leading-blank", "type-case", "header-trim")}
        (self.folder / "npm" / "commitlint.config.cjs").write_text(f"module.exports = {json.dumps(rule)};\n")
        ignore = "body-is-missing,body-min-length,title-max-length,body-max-line-length,title-trailing-punctuation,body-first-line-empty"
        ignore += ",title-must-not-contain-word,body-trailing-whitespace,title-trailing-whitespace,title-hard-tab,body-hard-tab,author-valid-email"
        plugin = self.settings / "ticket.py"
        plugin.write_text(
            "import re\nfrom gitlint.rules import CommitRule, RuleViolation\n\n\nclass Ticket(CommitRule):\n"
            "    name = 'ticket-missing'\n    id = 'UC1'\n\n    def validate(self, commit):\n"
            f"        if not re.search(r'{TICKET}', commit.message.full):\n"
            "            return [RuleViolation(self.id, 'no ticket', line_nr=1)]\n"
        )
        (self.settings / "gitlint.ini").write_text(f"[general]\nignore={ignore}\nextra-path={plugin}\n")

    def judge(self, folder, base):
        """Which peers there are, and whether each lets the range in."""
        for name, command in self.commands(folder, base):
            try:
                done = subprocess.run(
                    [str(word) for word in command],
                    cwd=folder,
                    env=ENVIRONMENT | {"HOME": str(self.folder)},
                    capture_output=True,
                    timeout=self.PATIENCE,
                    check=False,
                )
                yield name, done.returncode == 0
            except subprocess.TimeoutExpired:
                yield f"{name} (no answer in {self.PATIENCE} s)", False

    def commands(self, folder, base):
        if self.commitlint.exists():
            config = self.folder / "npm" / "commitlint.config.cjs"
            yield "commitlint", [self.commitlint, "--config", config, "--from", base, "--to", "HEAD"]
        if self.gitlint.exists():
            yield "gitlint", [self.gitlint, "-C", self.settings / "gitlint.ini", "--commits", f"{base}..HEAD"]


def install(options):
    folder = pathlib.Path(options.peers)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "py"], check=True)
    subprocess.run([folder / "py" / "bin" / "pip", "-q", "install", "gitlint"], check=True)
    (folder / "npm").mkdir(exist_ok=True)
    subprocess.run(["npm", "init", "-y"], cwd=folder / "npm", check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["npm", "install", "--silent", "@commitlint/cli", "@commitlint/config-conventional"], cwd=folder / "npm", check=True)
    return 0


# ---- speed


def generate(folder, commits, merges=True):
    """A repository of `commits` commits that name their tickets, every tenth a merge, over 2,000 files in 200 folders."""
    git(folder.parent, "init", "-q", "--bare", "-b", "main", folder)
    who = "Alice Example <alice@example.com>"
    out, mark, last = ["reset refs/heads/main\n"], 0, None

    def commit(message, parents, path, content):
        nonlocal mark
        mark += 1
        out.append(f"commit refs/heads/main\nmark :{mark}\n")
        out.append(f"author {who} {START + 600 * mark} +0000\ncommitter {who} {START + 600 * mark} +0000\n")
        out.append(f"data {len(message)}\n{message}\n")
        out.extend(f"{word} :{parent}\n" for word, parent in zip(("from", "merge"), parents))
        if path:
            out.append(f"M 644 inline {path}\ndata {len(content)}\n{content}\n")
        out.append("\n")
        return mark

    while mark < commits:
        path = f"team-{mark * 7 % 200}/app-{mark * 13 % 10}.yaml"
        content = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata:\n  number: \"{mark}\"\n"
        message = f"SEC-{mark + 1} Set the number to {mark}\n\nIt was another one before, and the service read it too late.\n"
        if merges and mark % 10 == 8 and last:
            side = commit(message, [last], path, content)
            last = commit(f"Merge branch 'SEC-{mark + 1}-side'\n", [last, side], path, content)
        else:
            last = commit(message, [last] if last else [], path, content)
    done = run(["git", "-C", folder, "fast-import", "--quiet"], text="".join(out).encode())
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    git(folder, "repack", "-qad")


def medians(commands, rounds):
    """Milliseconds of each command, run in turns; the first turn warms the caches up."""
    times = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, (command, folder, expected) in commands.items():
            begin = time.perf_counter()
            done = run(command, folder, HOME=str(folder))
            spent = 1000 * (time.perf_counter() - begin)
            if expected is not None and done.returncode != expected:
                raise RuntimeError(f"{name}: exit {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}")
            if turn:
                times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items()}


def speed(options):
    failed = []
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        long, short = place / "long.git", place / "short.git"
        generate(long, options.commits)
        generate(short, options.commits // 10)
        behind(place, long)
        for graph in (False, True):
            failed += small_push(options, long, short, graph)
        failed += side_by_side(options, place, long)
    for goal in failed:
        print(f"missed: {goal}")
    return 1 if failed else 0


def behind(place, repository):
    """A branch that was left when the default branch went on: its base is not behind it in a straight line."""
    tree = git(repository, "rev-parse", "main~30^{tree}")
    last = git(repository, "rev-parse", "main~30")
    date = int(git(repository, "log", "-1", "--format=%ct", "main~30"))
    for number in range(20):
        words = ["commit-tree", "-p", last, "-m", f"SEC-{number + 1} Count to {number} on a branch", tree]
        dates = {f"GIT_{role}_DATE": f"{date + 60 * number + 60} +0000" for role in ("AUTHOR", "COMMITTER")}
        last = run(["git", "-C", repository, *words], **dates).stdout.decode().strip()
    git(repository, "update-ref", "refs/heads/branch", last)


def small_push(options, long, short, graph):
    for repository in (long, short):
        if graph:
            git(repository, "commit-graph", "write", "--reachable")
    gate = lambda repository, base, head="main": ([options.binary, "gate", "--from", base, "--to", head], repository, 0)
    count = lambda repository, base, head="main": (["git", "rev-list", "--count", f"{base}..{head}"], repository, 0)
    found = medians(
        {
            "git rev-list --count": count(long, "main~18"),
            "gate": gate(long, "main~18"),
            "gate, a tenth of the history": gate(short, "main~18"),
            "git rev-list --count, a branch that was left behind": count(long, "main", "branch"),
            "gate, a branch that was left behind": gate(long, "main", "branch"),
        },
        options.rounds,
    )
    commits = git(long, "rev-list", "--count", "main~18..main")
    print(f"\n{commits} commits on {options.commits}, {'with' if graph else 'without'} a commit-graph, ms")
    for name, spent in found.items():
        print(f"  {spent:9.1f}  {name}")
    failed = []
    for ours, theirs in (("gate", "git rev-list --count"), ("gate, a branch that was left behind", "git rev-list --count, a branch that was left behind")):
        if found[ours] > 3 * found[theirs] + 10:
            failed.append(f"{ours}: {found[ours]:.1f} ms, more than 3 x {found[theirs]:.1f} + 10")
    if graph and found["gate"] > 1.25 * found["gate, a tenth of the history"] + 2:
        failed.append(f"gate grows with history: {found['gate']:.1f} ms against {found['gate, a tenth of the history']:.1f}")
    return failed


def side_by_side(options, place, long):
    """100 commits in a row, as the peers judge them: in a clone with a work tree."""
    if not options.peers:
        return []
    clone = place / "clone"
    git(place, "clone", "-q", "--no-checkout", long, clone)
    base = next(at for at in git(clone, "rev-list", "--first-parent", "main").split() if int(git(clone, "rev-list", "--count", f"{at}..main")) >= 100)
    peers = Peers(options.peers)
    commands = {"countersign": ([options.binary, "gate", "--from", base, "--to", "main"], clone, 0)}
    commands |= {name: (command, clone, None) for name, command in peers.commands(clone, base)}
    found = medians(commands, min(options.rounds, 5))
    print(f"\n{git(clone, 'rev-list', '--count', f'{base}..main')} commits side by side, ms")
    for name, spent in found.items():
        print(f"  {spent:9.1f}  {name}  {spent / found['countersign']:.1f}x")
    return [f"{name} is only {spent / found['countersign']:.1f} times slower" for name, spent in found.items() if name != "countersign" and spent < 20 * found["countersign"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("attempts", "speed"):
        command = commands.add_parser(name)
        command.add_argument("--binary", required=True, type=lambda path: pathlib.Path(path).resolve())
        command.add_argument("--peers")
        if name == "attempts":
            command.add_argument("repositories", nargs="+")
        else:
            command.add_argument("--commits", type=int, default=50_000)
            command.add_argument("--rounds", type=int, default=15)
    commands.add_parser("install").add_argument("--peers", required=True)
    options = parser.parse_args()
    return {"attempts": attempts, "speed": speed, "install": install}[options.command](options)


if __name__ == "__main__":
    sys.exit(main())
