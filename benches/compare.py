#!/usr/bin/env python3
"""Times `countersign report` against `git log` on the same clones, whole processes, in turn.

    benches/compare.py --binary target/release/countersign [--runs N] [--range-cost | --policies] REPOSITORY.git ...

Exit code: 0 when everything ran, however long it took; 1 when a command failed; 2 on misuse.
"""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1024 * 1024
POLL_SECONDS = 0.005


class CommandFailed(Exception):
    """A measured command did not end well."""


class Run:
    """One process: seconds on the wall, CPU seconds of its own code and of the kernel's, resident bytes."""

    def __init__(self, wall, usage):
        self.wall = wall
        self.user = usage.ru_utime
        self.system = usage.ru_stime
        # Kilobytes on Linux, bytes on macOS.
        self.resident = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def run(command, watch=None, cache=None, output=subprocess.DEVNULL):
    """Runs a command to its end; `watch` is told the process id, `cache` is the folder that holds caches."""
    environment = dict(os.environ, LC_ALL="C", GIT_PAGER="cat")
    if cache:
        environment["XDG_CACHE_HOME"] = str(cache)
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=said, env=environment)
        if watch:
            watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise CommandFailed(f"exit code {process.returncode}: {' '.join(command)}\n{said.read().decode(errors='replace').strip()}")
    return Run(wall, usage)


class Own:
    """The most memory that a process had of its own (anonymous pages), mapped pack files left out. Linux only."""

    def __init__(self):
        self.peak = 0

    def watch(self, pid):
        threading.Thread(target=self._poll, args=(pathlib.Path(f"/proc/{pid}/status"),), daemon=True).start()

    def _poll(self, status):
        while True:
            try:
                lines = status.read_text().splitlines()
            except OSError:
                return
            kilobytes = [int(line.split()[1]) for line in lines if line.startswith("RssAnon:")]
            if not kilobytes:
                return
            self.peak = max(self.peak, kilobytes[0] * 1024)
            time.sleep(POLL_SECONDS)


def own_memory(command):
    """In a run of its own: looking on takes time from the process."""
    own = Own()
    run(command, own.watch)
    return own.peak


def git_log(repository):
    what = ["--raw", "--no-renames", "--diff-merges=first-parent", "--format=%H%x00%B"]
    return ["git", "-C", repository, "log", *what, "HEAD", "--"]


def report(binary, repository, *more):
    return [binary, "report", "--repo", repository, *more]


def judging(binary, repository, *more):
    return report(binary, repository, *more, "--stop-after", "judging")


def full(binary, repository, folder, *more):
    """A whole report into a folder that is gone again afterwards."""
    with tempfile.TemporaryDirectory(dir=folder) as parent:
        pack = pathlib.Path(parent) / "pack"
        measured = run(report(binary, repository, *more, "--out", str(pack)))
        size = sum(file.stat().st_size for file in pack.rglob("*") if file.is_file())
        with open(pack / "data" / "changes.csv", encoding="utf-8", newline="") as changes:
            arrivals = sum(1 for _ in csv.reader(changes)) - 1
    return measured, size, arrivals


def median(runs, of):
    return statistics.median(getattr(one, of) for one in runs)


def row(name, runs, memory):
    walls = sorted(one.wall for one in runs)
    own = f"{memory / MIB:6.0f}" if memory else "     ?"
    print(
        f"  {name:<28} {median(runs, 'wall'):8.3f} {walls[0]:8.3f} {walls[-1]:8.3f} {median(runs, 'user'):8.3f}"
        f" {median(runs, 'system'):8.3f} {own:>8} {max(one.resident for one in runs) / MIB:9.0f}"
    )


def head(title):
    print(f"\n{title}")
    print(f"  {'seconds':<28} {'median':>8} {'least':>8} {'most':>8} {'user':>8} {'system':>8} {'own MiB':>8} {'resident':>9}")


def compare(binary, repository, runs, folder):
    """Reading and judging against git, and the whole report apart, in turn."""
    ours, theirs = judging(binary, repository, "--to", "HEAD", "--no-cache"), git_log(repository)
    for command in (ours, theirs):  # warms the caches, not counted
        run(command)
    read, git, whole = [], [], []
    for _ in range(runs):
        read.append(run(ours))
        git.append(run(theirs))
    for _ in range(runs):
        measured, size, arrivals = full(binary, repository, folder, "--to", "HEAD", "--no-cache")
        whole.append(measured)
    head(f"{repository}: {arrivals} arrivals, pack of {size / MIB:.0f} MiB")
    row("A  read and judge", read, own_memory(ours))
    row("B  git log --raw", git, own_memory(theirs))
    row("C  whole report", whole, None)
    reading = median(read, "wall")
    print(f"  A / B        {reading / median(git, 'wall'):.2f}")
    print(f"  (C - A) / A  {(median(whole, 'wall') - reading) / reading:.2f}   writing, in terms of reading and judging")


def git_log_p(repository):
    return ["git", "-C", repository, "log", "-p", "--diff-merges=first-parent", "HEAD", "--"]


def policies(binary, repository, runs, folder):
    """The inventory of HEAD with last changes against one `git log -1` per file, and reading against `git log -p`."""
    question = [binary, "query", "--repo", repository, "--branch", "HEAD", "--format", "csv", "policies"]
    answer = pathlib.Path(folder) / "policies.csv"
    warm = pathlib.Path(folder) / "warm"
    with open(answer, "wb") as output:
        run(question, cache=warm, output=output)
    with open(answer, encoding="utf-8", newline="") as file:
        files = sorted({row["path"] for row in csv.DictReader(file) if row["record"] == "row"})
    began = time.monotonic()
    for file in files:
        run(["git", "-C", repository, "log", "-1", "--format=%H", "HEAD", "--", file])
    naive = time.monotonic() - began
    cold_runs, warm_runs, first, second, patches, raw = [], [], [], [], [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=folder) as cold:
            cold_runs.append(run(question, cache=cold))
            warm_runs.append(run(question, cache=warm))
            first.append(run(judging(binary, repository, "--to", "HEAD"), cache=cold))
            second.append(run(judging(binary, repository, "--to", "HEAD"), cache=cold))
        patches.append(run(git_log_p(repository)))
        raw.append(run(git_log(repository)))
    head(f"{repository}: {len(files)} files with policies")
    for name, measured in (
        ("policies, no cache yet", cold_runs), ("policies, cached", warm_runs), ("read and judge, first", first),
        ("read and judge, again", second), ("git log -p", patches), ("git log --raw", raw),
    ):
        row(name, measured, None)
    ratio = lambda these, those: median(these, "wall") / median(those, "wall")
    print(f"  one `git log -1` per file: {naive:.3f} s (once)")
    print(f"  that / policies               {naive / median(cold_runs, 'wall'):.0f} without a cache, {naive / median(warm_runs, 'wall'):.0f} with one")
    print(f"  first / git log --raw         {ratio(first, raw):.2f}")
    print(f"  first / git log -p            {ratio(first, patches):.2f}")
    print(f"  again / first                 {ratio(second, first):.3f}")


def newest_quarter(repository):
    """The name of the calendar quarter in which the newest arrival was committed, in UTC."""
    command = ["git", "-C", repository, "log", "-1", "--format=%ct", "HEAD", "--"]
    moment = time.gmtime(int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    return f"{moment.tm_year}-Q{(moment.tm_mon + 2) // 3}"


def range_cost(binary, repository, runs, folder):
    """The newest quarter against the whole history, in turn."""
    quarter = ("--branch", "HEAD", "--no-cache", "--period", newest_quarter(repository))
    everything = ("--to", "HEAD", "--no-cache")
    _, _, few = full(binary, repository, folder, *quarter)
    _, _, all_arrivals = full(binary, repository, folder, *everything)
    part, whole = [], []
    for _ in range(runs):
        part.append(run(judging(binary, repository, *quarter)))
        whole.append(run(judging(binary, repository, *everything)))
    head(f"{repository}: {quarter[-1]} with {few} of {all_arrivals} arrivals")
    row("quarter, read and judge", part, own_memory(judging(binary, repository, *quarter)))
    row("whole, read and judge", whole, own_memory(judging(binary, repository, *everything)))
    print(f"  quarter / whole   {median(part, 'wall') / median(whole, 'wall'):.2f} of the time for {few / all_arrivals:.2f} of the arrivals")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--runs", type=int, default=7, help="how often each command is timed (default: 7)")
    parser.add_argument("--range-cost", action="store_true", help="time the newest quarter against the whole history instead")
    parser.add_argument("--policies", action="store_true", help="time policies, a second run, and `git log -p` instead")
    parser.add_argument("repositories", nargs="+", metavar="REPOSITORY")
    given = parser.parse_args()
    if given.runs < 1:
        parser.error("--runs must be at least 1")
    version = subprocess.run(["git", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    print(f"{version}; {os.cpu_count()} processors; {given.runs} runs each, in turn, caches warm")
    measure = range_cost if given.range_cost else policies if given.policies else compare
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for repository in given.repositories:
            try:
                measure(os.path.abspath(given.binary), os.path.abspath(repository), given.runs, folder)
            except (CommandFailed, subprocess.CalledProcessError, OSError) as error:
                failed = True
                print(f"\n{repository}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
