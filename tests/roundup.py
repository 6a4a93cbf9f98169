"""Reads the issues of a real Roundup server, by its REST interface and by its CSV export, and checks what is said of a change.

    python3 tests/roundup.py --binary target/debug/countersign --roundup VENV/bin

The server listens on 127.0.0.1 only, runs as nobody where this runs as root, and is ended at the end.
"""

import argparse
import base64
import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ISSUES = [("Close the port", "resolved"), ('Open the "other", port', "chatting")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tracker(tools, home, address):
    """A tracker with two issues."""
    admin = [tools / "roundup-admin", "-i", home]
    subprocess.run([*admin, "install", "classic", "anydbm"], check=True, stdout=subprocess.DEVNULL)
    settings = (home / "config.ini").read_text()
    for name, value in (("web", address), ("domain", "example.com"), ("host", "127.0.0.1")):
        settings = re.sub(rf"(?m)^#{name} = NO DEFAULT$", f"{name} = {value}", settings)
    (home / "config.ini").write_text(settings)
    subprocess.run([*admin, "initialise", "secret"], check=True, stdout=subprocess.DEVNULL)
    for title, status in ISSUES:
        subprocess.run([*admin, "create", "issue", f"title={title}", f"status={status}"], check=True, stdout=subprocess.DEVNULL)


def ask(address):
    request = urllib.request.Request(address, headers={
        "Authorization": "Basic " + base64.b64encode(b"admin:secret").decode(), "X-Requested-With": "rest",
        "Origin": address.split("/demo/")[0], "Referer": address.split("/demo/")[0] + "/demo/",
    })
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read()


def wait(address):
    for _ in range(60):
        try:
            return ask(address)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    raise SystemExit("the server does not answer")


def repository(path):
    """One change that names an issue that is there, one that names one that is not."""
    git = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    git |= {f"GIT_{role}_{part}": "test" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    subprocess.run(["git", "init", "-q", "-b", "main", path], check=True, env=git)
    for message in ("Start", "Close the port\n\nCloses #1", "Close another one\n\nCloses #77"):
        subprocess.run(["git", "-C", path, "commit", "-q", "--allow-empty", "-m", message], check=True, env=git)


def tickets(binary, folder, name, export):
    """What tickets.csv says: ticket, whether it is resolved, title."""
    evidence, pack = folder / name, folder / f"{name}.pack"
    evidence.mkdir()
    (evidence / "export").write_bytes(export)
    command = [binary, "report", "--repo", folder / "repository", "--to", "main", "--no-cache", "--out", pack, "--evidence", evidence]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    with open(pack / "data" / "tickets.csv", encoding="utf-8", newline="") as rows:
        return [(row["ticket"], row["resolved"], row["title"]) for row in csv.DictReader(rows)]


def check(binary, folder, address):
    fields = "id,title,status,creation,creator"
    answers = {
        "rest": wait(f"{address}rest/data/issue?@verbose=2&@fields={fields}"),
        "csv": ask(f"{address}issue?@action=export_csv&@columns={fields}&@filter="),
        "numbers": ask(f"{address}issue?@action=export_csv_id&@columns={fields}&@filter="),
    }
    assert len(json.loads(answers["rest"])["data"]["collection"]) == len(ISSUES)
    repository(folder / "repository")
    for name, answer in answers.items():
        told = tickets(binary, folder, name, answer)
        assert [row[0] for row in told] == ["#1", "#77"], (name, told)
        assert told[0][1:] == ("yes", ISSUES[0][0]) and told[1][1] == "no", (name, told)
        print(f"{name}: {len(answer)} bytes, {told}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--roundup", required=True, type=Path, help="the folder with roundup-admin and roundup-server")
    given = parser.parse_args()
    port = free_port()
    address = f"http://127.0.0.1:{port}/demo/"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        home = folder / "demo"
        home.mkdir()
        tracker(given.roundup.resolve(), home, address)
        command = [given.roundup.resolve() / "roundup-server", "-p", str(port), "-n", "127.0.0.1", f"demo={home}"]
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "nobody", home], check=True)
            command = [shutil.which("setpriv"), "--reuid=nobody", "--clear-groups", *command]
        with open(folder / "said", "w", encoding="utf-8") as said, subprocess.Popen(command, stdout=said, stderr=said, cwd="/") as server:
            try:
                check(given.binary.resolve(), folder, address)
            except SystemExit:
                print((folder / "said").read_text(encoding="utf-8")[-2000:])
                raise
            finally:
                server.terminate()
    print("the issues of a real Roundup server are read")


if __name__ == "__main__":
    sys.exit(main())
