"""What each hot command may import: git and people start these commands hundreds of times a day.

Start-up is most of their time, and each module costs about a quarter of a millisecond.  If a command needs
another module, import it where it is used, with the reason; only if every run needs it, add it here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cryptography
import pytest
import yaml
from people import ENV, FILES, JSON, YAML, Repo

import sealedfiles
from sealedfiles.git.filter import pktline

if TYPE_CHECKING:
    from collections.abc import Mapping

REPORTING = """
import atexit, sys

def report(*_):
    print("imported:", *sys.modules, file=sys.__stderr__, flush=True)

atexit.register(report)
sys.addaudithook(lambda event, _: event == "os.exec" and report())
"""
ALWAYS = "__future__, errno, importlib.util, os, warnings"
"""Small modules that nearly every start of Python imports."""
FOLDERS = [
    *dict.fromkeys(
        str(Path(one.__file__ or "").parents[1]) for one in (sealedfiles, cryptography, yaml)
    )
]
"""Where packages are.  The hooks of an editable install, which import pathlib, do not run."""
MAIN = "from sealedfiles.__main__ import main; sys.exit(main())"


def modules(package: str, names: str) -> set[str]:
    return {
        f"sealedfiles.{package}.{name}" if name else f"sealedfiles.{package}"
        for name in names.split(" ")
    }


START = {
    "collections",
    "sealedfiles",
    "sealedfiles.__main__",
    "sealedfiles.light_typing",
    "sealedfiles.version",
} | modules("util", " lazy_pattern messages private_keys")
GIT = (
    START
    | {
        "collections.abc",
        "contextlib",
        "functools",
        "re",
        "bisect",
        "gc",
        "hashlib",
        "hmac",
        "binascii",
        "select",
        "sealedfiles.errors",
    }
    | modules("age", " hkdf")
    | modules("formats", " base gaps")
    | modules(
        "git",
        " child clone clone_keys folders index objects policy_in_force repository",
    )
    | modules(
        "keys",
        " epochs folder group_keyring identity identity.sources keyfile policy_proof retirement state",
    )
    | modules("model", " globs paths plain_yaml policy token wildmatch")
    | modules("sealing", " collector conflict file open opened_tokens")
    | modules("util", "atomic")
)
"""A clone with its keys and its policy."""

WHOLE = modules("sealing", "sealed_text spelling whole")
DECRYPTING = {"cryptography.hazmat.bindings._rust"}
HANDSHAKE = START | modules("git", " filter filter.main filter.pktline filter.process")
FILTER = GIT | modules(
    "git",
    "filter filter.clean_smudge filter.main filter.versions plaintext retired_files",
)
PROCESS = FILTER | HANDSHAKE
SEALING = (
    WHOLE
    | modules("git", "used_ids")
    | modules(
        "sealing",
        "comment_lines comments guards occurrences previous seal stored structured unproved unproved_value "
        "verification",
    )
)
ONE_SMUDGE = (
    FILTER
    | DECRYPTING
    | modules("git", "filter.textconv invocation plaintext_memory plaintext_records")
    | modules("sealing", "sealed_text spelling")
)
WRITTEN = {ENV: {"fcntl"} | modules("git", "written_versions"), JSON: set[str]()}
WRITTEN[YAML] = WRITTEN[ENV]
"""A version is recorded if it has a comment in plaintext."""
SMUDGE = PROCESS | ONE_SMUDGE
UNCHANGED = PROCESS | modules("git", "filter.unchanged")
CLEAN = (
    UNCHANGED
    | DECRYPTING
    | SEALING
    | modules("git", "filter.left_in_plaintext invocation plaintext_memory plaintext_records")
    | modules("sealing", "other_tools")
)

CLI = (
    START
    | {"contextlib", "re", "sealedfiles.errors"}
    | modules("cli", " commands declaration")
    | modules("model", " unavailable")
)
READING = (
    CLI
    | GIT
    | DECRYPTING
    | WHOLE
    | {"pathlib", "unicodedata"}
    | modules(
        "app",
        " files files.key_variables files.still_sealed files.suspects files.working_file links workspace",
    )
    | modules("cli", "completers files")
    | modules(
        "git",
        "cached_groups dates epoch_history filter filter.problems filter.versions head_log plaintext retired_keys used_ids",
    )
    | modules("keys", "expected recipients")
    | modules("model", "address")
)
JUDGING = modules("app.files", "facts provenance")
GET = READING | JUDGING | modules("app.files", "reference references trust") | modules("cli", "get")
CAT = READING | JUDGING | modules("app.files", "trust") | modules("cli", "cat reading")
RUN = (
    READING
    | JUDGING
    | {"signal"}
    | modules(
        "app",
        "files.environment files.reference files.references run run.process run.steering run.variables",
    )
    | modules("cli", "reading run")
)
SET = (
    READING
    | SEALING
    | {"datetime", "fcntl", "shlex"}
    | modules("app.files", "assignment setting")
    | modules("cli", "prompts set")
    | modules(
        "git",
        "install invocation merge_driver plaintext_memory plaintext_records retired_files worktree",
    )
)
REFRESHING = (
    CLI
    | GIT
    | {"pathlib", "shlex", "subprocess"}
    | WHOLE
    | modules("cli", "hook hook_setup")
    | modules("git", "attributes attributes_mirror gitattributes")
    | modules("git", "dates epoch_history head_log retired_keys")
    | modules("keys", "expected")
    | modules("git", "hooks install invocation merge_driver pushed retired_files")
    | modules("sealing", "unproved unproved_value")
)

FORMATS = {
    ENV: modules("formats", "dotenv dotenv.format dotenv.scan"),
    JSON: modules("formats", "json json.format"),
    YAML: modules("formats", "yaml yaml.format yaml.literal yaml.plain"),
}
COMMENTS = {
    ENV: modules("formats", "commented dotenv.comments"),
    JSON: set[str](),
    YAML: modules("formats", "commented yaml.comments"),
}
VALUES = {
    ENV: modules("formats", "dotenv.python dotenv.values place"),
    JSON: {"json"} | modules("formats", "json.change json.edit json.layout json.tree place tree"),
    YAML: {"yaml", "yaml.cyaml"}
    | modules(
        "formats", "place tree yaml.data yaml.edit yaml.events yaml.scalar yaml.tree yaml.walk"
    ),
}
REFERENCES = {
    ENV: modules("app.files", "dotenv_references") | modules("formats", "dotenv.masked"),
    JSON: set[str](),
    YAML: set[str](),
}
CHANGING = {
    ENV: modules("formats", "dotenv.bash dotenv.compose dotenv.edit dotenv.entries"),
    JSON: set[str](),
    YAML: modules(
        "formats",
        "yaml.assign yaml.change yaml.check yaml.lines yaml.place yaml.remove yaml.rules",
    ),
}

HELLO = pktline.text_packets(b"git-filter-client", b"version=2") + pktline.text_packets(
    b"capability=clean", b"capability=smudge"
)
FILTER_PROCESS = ("git", "filter-process")
PATHS = {ENV: "DB_USER", JSON: "database.user", YAML: "database.user"}


def imported(
    code: str, *args: str, cwd: str = "/", env: Mapping[str, str] | None = None, data: bytes = b""
) -> set[str]:
    """Return the modules that a fresh Python imports to run *code*."""
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path += {FOLDERS}{REPORTING}{code}",
            *args,
        ],
        cwd=cwd,
        env=env,
        input=data,
        capture_output=True,
        check=True,
    )
    reports = re.findall("^imported: (.*)", done.stderr.decode(), re.MULTILINE)
    return set(" ".join(reports).split(" "))


@cache
def with_what_they_import(roots: frozenset[str]) -> frozenset[str]:
    """Return *roots* and what other packages import for them: that differs from version to version."""
    others = sorted(root for root in roots if not root.startswith("sealedfiles"))
    return roots | imported(f"import {ALWAYS}, {', '.join(others)}")


def check(repo: Repo, budget: set[str], *args: str, data: bytes = b"") -> None:
    found = imported(MAIN, *args, cwd=str(repo.path), env=repo.person.environment(), data=data)
    assert sorted(found - with_what_they_import(frozenset(budget))) == []
    unused = {name for name in budget if name.startswith("sealedfiles")} - found
    assert sorted(unused) == [], "the budget can be lower"


def request(command: bytes, path: str, data: bytes) -> bytes:
    head = pktline.text_packets(b"command=" + command, b"pathname=" + path.encode())
    return HELLO + head + pktline.content_packets(data)


def run_filter(repo: Repo, data: bytes) -> None:
    """Run a filter process, which takes note of the policy, so that later ones need not read it again."""
    imported(MAIN, *FILTER_PROCESS, cwd=str(repo.path), env=repo.person.environment(), data=data)


def test_the_handshake(repo: Repo) -> None:
    check(repo, HANDSHAKE, *FILTER_PROCESS, data=HELLO)


@pytest.mark.parametrize("path", FILES)
def test_smudge(repo: Repo, path: str) -> None:
    sealed = repo.blob("HEAD", path)
    run_filter(repo, request(b"smudge", path, sealed))
    more = FORMATS[path] | WRITTEN[path]
    check(repo, SMUDGE | more, *FILTER_PROCESS, data=request(b"smudge", path, sealed))
    check(repo, ONE_SMUDGE | more, "git", "smudge", path, data=sealed)


@pytest.mark.parametrize("path", FILES)
def test_clean(repo: Repo, path: str) -> None:
    changed = repo.read_bytes(path).replace(b"s3cr3t-db-alpha", b"s3cr3t-db-beta")
    budget = CLEAN | FORMATS[path] | COMMENTS[path]
    run_filter(repo, request(b"clean", path, changed))
    check(repo, budget, *FILTER_PROCESS, data=request(b"clean", path, changed))


@pytest.mark.parametrize("path", FILES)
def test_clean_of_an_unchanged_file(repo: Repo, path: str) -> None:
    clean = request(b"clean", path, repo.read_bytes(path))
    run_filter(repo, clean)
    check(repo, UNCHANGED, *FILTER_PROCESS, data=clean)


@pytest.mark.parametrize("path", FILES)
def test_get(repo: Repo, path: str) -> None:
    check(repo, GET | FORMATS[path] | VALUES[path] | REFERENCES[path], "get", path, PATHS[path])


@pytest.mark.parametrize("path", FILES)
def test_cat(repo: Repo, path: str) -> None:
    check(repo, CAT | FORMATS[path], "cat", path)


@pytest.mark.parametrize("path", FILES)
def test_run(repo: Repo, path: str) -> None:
    check(
        repo, RUN | FORMATS[path] | VALUES[path] | REFERENCES[path], "run", "-f", path, "--", "true"
    )


@pytest.mark.parametrize("path", FILES)
def test_set(repo: Repo, path: str) -> None:
    budget = SET | FORMATS[path] | COMMENTS[path] | VALUES[path] | CHANGING[path]
    check(repo, budget, "set", path, PATHS[path], data=b"s3cr3t-new")


def test_the_hooks_that_refresh(repo: Repo) -> None:
    check(repo, REFRESHING, "hook", "run", "post-checkout", "0", "1", "1")


def test_the_hooks_that_check(repo: Repo) -> None:
    """They read all formats and keys, and import little else."""
    found = imported(
        MAIN, "hook", "run", "pre-commit", cwd=str(repo.path), env=repo.person.environment()
    )
    assert "sealedfiles.app.check.checker" in found
    assert not found & {
        "click",
        "typing",
        "dataclasses",
        "inspect",
        "datetime",
        "yaml",
        "ruamel.yaml",
    }


def test_completion(repo: Repo) -> None:
    check(repo, CLI | modules("cli", "completion"), "completion", "bash")
