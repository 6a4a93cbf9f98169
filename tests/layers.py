#!/usr/bin/env python3
"""Compares the layers of `countersign report` with independent ground truth.

    tests/layers.py --binary target/release/countersign --mirrors DIR --truth DIR

For every `OWNER+NAME.layers.csv` of the truth folder (columns commit, layers, mixed, files) whose mirror is present,
the globs of `OWNER+NAME.layers.json` become the layer map of a settings file, the report is made over the truth's
commits, and the columns `layers` and `mixed_layer` of `data/changes.csv` are compared commit by commit.

Two allowances, by rule: the truth knows only its own globs, so the layer map ends with `**` as `ignore`; and it has
no governance pseudo-layer, so `governance` is left out of the comparison.

Exit code: 0 when every commit of every repository that is present agrees, 1 otherwise, 2 on misuse.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

SHOWN_DIFFERENCES = 10
ENDING = ".layers.csv"


def layer_map(path):
    """The truth's globs as `[[layers]]` of a settings file."""
    rules = json.loads(path.read_text(encoding="utf-8")) + [{"glob": "**", "layer": "ignore"}]
    # A JSON string is a TOML basic string.
    entries = [f'[[layers]]\nglob = {json.dumps(rule["glob"])}\nlayer = {json.dumps(rule["layer"])}\n' for rule in rules]
    return "\n".join(entries)


def read_truth(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {row["commit"]: (layers(row["layers"]), row["mixed"] == "1") for row in rows}


def read_changes(path):
    csv.field_size_limit(sys.maxsize)
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        return {row["change_id"]: (layers(row["layers"]), row["mixed_layer"] in ("yes", "true", "1")) for row in rows}


def layers(cell):
    return frozenset(part.strip() for part in cell.split(";") if part.strip()) - {"governance"}


def mirror_of(mirrors, name):
    """The Git directory of a mirror, or None."""
    candidates = (mirrors / name / "repo", mirrors / name, mirrors / f"{name}.git")
    return next((path for path in candidates if (path / "HEAD").exists() or (path / ".git").exists()), None)


def parent_of(mirror, commit):
    """The commit before the truth's oldest one, or None where the history begins with it."""
    command = ["git", "-C", str(mirror), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^1"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else None


def report(binary, mirror, truth, settings_text):
    """Makes the pack and reads its changes."""
    newest, oldest = next(iter(truth)), next(reversed(truth))
    with tempfile.TemporaryDirectory() as folder:
        settings = pathlib.Path(folder, "countersign.toml")
        settings.write_text(settings_text, encoding="utf-8")
        pack = pathlib.Path(folder, "pack")
        start = parent_of(mirror, oldest)
        command = [str(binary), "report", "--repo", str(mirror), "--to", newest, "--settings", str(settings), "--out", str(pack)]
        if start:
            command += ["--from", start]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise SystemExit(f"countersign report ended with {made.returncode}:\n{made.stderr}")
        return read_changes(pack / "data" / "changes.csv")


def compare(name, truth, changes):
    """Prints the agreement on one repository and returns whether it is complete."""
    missing = [commit for commit in truth if commit not in changes]
    differing = [commit for commit in truth if commit in changes and truth[commit] != changes[commit]]
    beyond = len(changes.keys() - truth.keys())
    agreed = len(truth) - len(missing) - len(differing)
    print(f"{name}: {agreed} of {len(truth)} commits agree, {len(differing)} differ, {len(missing)} missing, {beyond} not in the truth")
    for commit in differing[:SHOWN_DIFFERENCES]:
        show = lambda row: f"{';'.join(sorted(row[0])) or '-'} (mixed: {'yes' if row[1] else 'no'})"
        print(f"  {commit}: truth {show(truth[commit])}, report {show(changes[commit])}")
    for commit in missing[:SHOWN_DIFFERENCES]:
        print(f"  {commit}: not in the report")
    return agreed == len(truth) and beyond == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--mirrors", type=pathlib.Path, required=True)
    parser.add_argument("--truth", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if not arguments.binary.exists():
        parser.error(f"there is no {arguments.binary}; build it first")
    compared, complete = 0, True
    for path in sorted(arguments.truth.glob(f"*{ENDING}")):
        name = path.name.removesuffix(ENDING)
        mirror = mirror_of(arguments.mirrors, name)
        truth = read_truth(path)
        if mirror is None or not truth:
            print(f"{name}: no mirror in {arguments.mirrors}, not compared")
            continue
        rules = layer_map(path.with_name(f"{name}.layers.json"))
        complete &= compare(name, truth, report(arguments.binary, mirror, truth, rules))
        compared += 1
    if compared == 0:
        print("nothing was compared: no mirror of a repository with layer truth is present")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
