#!/usr/bin/env python3
"""Checks the licence and the source of every crate that is built into the binary.

    .ci/licences.py

Reads `cargo metadata --locked` and, from `deny.toml`, the licences that are allowed. Follows normal and build
dependencies on every platform; development dependencies are not passed on and not checked.
Exit code: 0 when each licence expression can be met and each crate comes from crates.io, 1 otherwise.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
TOKENS = re.compile(r"[()]|[^\s()]+")


def is_met(expression, allowed):
    """Whether an SPDX licence expression can be met with the allowed licences.

    >>> is_met("MIT OR GPL-3.0-only", {"MIT"})
    True
    >>> is_met("MIT AND GPL-3.0-only", {"MIT"})
    False
    >>> is_met("(MIT OR Apache-2.0) AND Unicode-3.0", {"Apache-2.0", "Unicode-3.0"})
    True
    >>> is_met("Unlicense/MIT", {"MIT"})
    True
    >>> is_met("Apache-2.0 WITH LLVM-exception", {"Apache-2.0"})
    False
    >>> is_met("GPL-3.0-only OR MIT AND Zlib", {"MIT"})
    False
    >>> is_met("MIT Apache-2.0", {"MIT", "Apache-2.0"})
    Traceback (most recent call last):
    ValueError: not a licence expression: MIT Apache-2.0
    """
    # Old manifests write `/` for OR.
    tokens = TOKENS.findall(expression.replace("/", " OR "))
    met = either(tokens, allowed)
    if tokens:
        raise ValueError(f"not a licence expression: {expression}")
    return met


def either(tokens, allowed):
    met = both(tokens, allowed)
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        # The right side is read in any case.
        met = both(tokens, allowed) or met
    return met


def both(tokens, allowed):
    met = one(tokens, allowed)
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        met = one(tokens, allowed) and met
    return met


def one(tokens, allowed):
    name = tokens.pop(0) if tokens else ""
    if name == "(":
        met = either(tokens, allowed)
        if tokens[:1] == [")"]:
            tokens.pop(0)
        return met
    if tokens[:1] == ["WITH"]:
        name = f"{name} WITH {tokens[1] if len(tokens) > 1 else ''}"
        del tokens[:2]
    return name in allowed


def built_in(metadata):
    """The packages that end up in the binary or run while it is built, without the project itself."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    reached, waiting = set(), [root]
    while waiting:
        package = waiting.pop()
        if package in reached:
            continue
        reached.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return [package for package in metadata["packages"] if package["id"] in reached - {root}]


def problem_of(package, allowed):
    """What is wrong with a package, in words; `None` when nothing is."""
    if package["source"] != CRATES_IO:
        return f"comes from {package['source']}, not from crates.io"
    if not package["license"]:
        return "declares no licence expression"
    try:
        met = is_met(package["license"], allowed)
    except ValueError as error:
        return str(error)
    return None if met else f"its licence {package['license']} is not allowed by deny.toml"


def main():
    allowed = set(tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))["licenses"]["allow"])
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    packages = built_in(json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout))
    problems = [(package, problem_of(package, allowed)) for package in packages]
    wrong = [f"{package['name']} {package['version']}: {problem}" for package, problem in problems if problem]
    print("\n".join(wrong + [f"licences and sources: {len(packages)} crates looked at, {len(wrong)} with a problem"]))
    return 1 if wrong or not packages else 0


if __name__ == "__main__":
    sys.exit(main())
