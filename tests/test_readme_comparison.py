"""The table in README, "How it differs": its commands exist, and what it says of sealedfiles holds.

A row without a check here fails, so that no claim is added untested.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from people import (
    ENV,
    FILES,
    JSON,
    SECRET,
    TOKEN,
    YAML,
    Person,
    Repo,
    assert_clean,
    groups,
    tokens,
)

from sealedfiles.app.push.pushing import _STORES
from sealedfiles.cli.commands import find_command
from sealedfiles.remote.kms.uri import _GRAMMAR
from sealedfiles.version import __version__

if TYPE_CHECKING:
    from conftest import World

README = (Path(__file__).parent.parent / "README.md").read_text()
_LINES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in README.partition("## How it differs\n")[2].partition("\n\nUse SOPS")[0].split("\n")
    if line.startswith("|")
]
TOOLS = [re.sub(r"\[([^]]*)\].*", r"\1", name) for name in _LINES[0][1:]]
ROWS = {row[0]: dict(zip(TOOLS, row[1:], strict=True)) for row in _LINES[2:]}

BINARY = b"\x00\x01s3cr3t\xff"
SAMPLES = {
    "YAML": ("x.yaml", "name: s3cr3t-a\n"),
    "JSON": ("x.json", '{"name": "s3cr3t-a"}\n'),
    "NDJSON": ("x.ndjson", '{"name": "s3cr3t-a"}\n{"name": "s3cr3t-b"}\n'),
    "TOML": ("x.toml", 'name = "s3cr3t-a"\n'),
    "INI": ("x.ini", "[a]\nname = s3cr3t-a\n"),
    "properties": ("x.properties", "name=s3cr3t-a\n"),
    "tfvars": ("x.tfvars", 'name = "s3cr3t-a"\n'),
    "XML": ("x.xml", "<name>s3cr3t-a</name>\n"),
    ".env": ("x.env", "name=s3cr3t-a\n"),
}


def need(command: str) -> str:
    found = shutil.which(command)
    if found:
        return found
    if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"{command} is missing")
    return pytest.skip(f"{command} is missing")


# -- the commands


def commands_of(tool: str) -> list[str]:
    """Return the commands in backquotes in a column, without the name of the tool before them."""
    words = [word for row in ROWS.values() for word in re.findall(r"`([^`]+)`", row[tool])]
    return sorted({word.removeprefix(f"{tool.lower()} ") for word in words})


def test_every_command_of_sealedfiles_exists() -> None:
    assert commands_of("sealedfiles") == ["push", "revoke"]
    assert all(find_command(name) for name in commands_of("sealedfiles"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "named"),
    [
        ("SOPS", ["edit", "publish", "rotate", "updatekeys"]),
        ("dotenvx", ["run", "set"]),
        ("git-secret", ["hide", "removeperson", "reveal"]),
    ],
)
def test_every_command_of_another_tool_exists(tool: str, named: list[str], tmp_path: Path) -> None:
    assert commands_of(tool) == named
    program = need(tool.lower())
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # for git-secret
    for name in named:
        # The help of one command of git-secret needs man.
        arguments = ["usage"] if tool == "git-secret" else [name, "--help"]
        done = subprocess.run(
            [program, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        assert re.search(rf"\b{name}\b", said), said
        assert not re.search(r"unknown|no help topic|invalid command", said, re.IGNORECASE), said


def test_a_command_that_does_not_exist_would_be_noticed(tmp_path: Path) -> None:
    """Some programs print their help for any word."""
    for tool in ("sops", "dotenvx"):
        if not shutil.which(tool):
            continue
        done = subprocess.run(
            [tool, "no-such-command", "--help"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        found = "no-such-command" in said
        assert not found or re.search(r"unknown|no help topic", said, re.IGNORECASE), said


# -- what it says of sealedfiles


def _encrypted(repo: Repo, cell: str) -> None:
    assert cell == "values; other files whole"
    keys = yaml.safe_load(re.sub(TOKEN, "x", repo.blob("HEAD", YAML).decode()))
    assert keys["database"] == {"user": "x", "password": "x"}
    repo.sealedfiles("track", "key.bin")
    repo.write("key.bin", BINARY)
    repo.git("add", "key.bin")
    (token,) = tokens(repo.blob("", "key.bin").decode())
    assert repo.blob("", "key.bin").decode().strip() == token


def _formats(repo: Repo, cell: str) -> None:
    named = cell.split(", ")
    for name, (path, text) in SAMPLES.items():
        repo.sealedfiles("track", path)
        repo.write(path, text)
        repo.git("add", path)
        sealed = repo.blob("", path).decode()
        assert SECRET not in sealed
        has_values = "name" in sealed
        assert has_values == (name in named), f"{name}: {sealed}"
    assert set(named) <= set(SAMPLES)


def _in_the_tree(repo: Repo, cell: str) -> None:
    assert cell == "plaintext, by git filter"
    assert repo.read(YAML) == FILES[YAML]
    (repo.path / YAML).unlink()
    repo.git("checkout", "--quiet", "--", YAML)
    assert repo.read(YAML) == FILES[YAML]
    assert SECRET not in repo.blob("HEAD", YAML).decode()


def _nothing_added(repo: Repo, cell: str) -> None:
    assert cell == "nothing"
    sealed = json.loads(repo.blob("HEAD", JSON))
    assert list(sealed) == list(json.loads(FILES[JSON]))
    assert len(tokens(repo.blob("HEAD", ENV).decode())) < len(FILES[ENV].split("\n"))
    for path, text in FILES.items():
        # Nothing but values is replaced, so nothing is added in front, behind or between.
        pieces = re.split(rf'"?{TOKEN.pattern}"?', repo.blob("HEAD", path).decode())
        rest = pieces[:: TOKEN.groups + 1]
        assert re.fullmatch(".+?".join(map(re.escape, rest)), text, re.DOTALL), path


def _unchanged(repo: Repo, cell: str) -> None:
    assert cell == "unchanged, byte for byte"
    _nothing_added(repo, "nothing")
    odd = "# a comment\r\na:   'x'   # why\r\n\r\nb: |\r\n   s3cr3t\r\n   two\r\n\"c\" : 0x1F\r\n"
    repo.write("secrets/odd.yaml", odd)
    repo.git("add", "secrets/odd.yaml")
    assert SECRET not in repo.blob("", "secrets/odd.yaml").decode()
    (repo.path / "secrets/odd.yaml").unlink()
    repo.git("checkout", "--quiet", "--", "secrets/odd.yaml")
    assert repo.read_bytes("secrets/odd.yaml") == odd.encode()


def _merge(repo: Repo, cell: str) -> None:
    assert cell == "clean merge"
    repo.git("checkout", "--quiet", "-b", "theirs")
    for path in FILES:
        repo.edit(path, "s3cr3t-api-alpha", "s3cr3t-api-beta")
    repo.commit("another token")
    repo.git("checkout", "--quiet", "main")
    for path in FILES:
        repo.edit(path, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.commit("another password")
    # As on a server, which knows neither filter nor driver.
    server = repo.person.clone(repo, repo.path.parent / "server")
    server.git("merge", "--quiet", "--no-edit", "origin/theirs")
    repo.git("pull", "--quiet", "--ff-only", str(server.path), "main")
    for path in FILES:
        assert "s3cr3t-api-beta" in repo.read(path)
        assert "s3cr3t-db-beta" in repo.read(path)
    assert_clean(repo)


def _access(repo: Repo, cell: str) -> None:
    assert cell == "age and SSH keys, in groups, per value"
    need("ssh-keygen")
    keys = repo.path.parent
    for name, command in {
        "ssh": ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / "ssh")],
    }.items():
        subprocess.run(command, check=True, timeout=60)
        public = (keys / f"{name}.pub").read_text().split(" ")
        repo.sealedfiles("grant", "carol", " ".join(public[:2]), "--to", "default")
    repo.commit("carol, with an SSH key")
    carol = Person.at(keys / "carol").clone(repo, keys / "clone")
    shown = carol.sealedfiles("cat", "-i", str(keys / "ssh"), YAML)
    assert "s3cr3t-db-alpha" in shown
    assert groups(shown) == {"production"}, "values of the other group are tokens in the same file"


def _add(repo: Repo, cell: str) -> None:
    assert cell == "new small file, no change to secrets"
    repo.sealedfiles("grant", "bob", "--to", "production")
    changed = repo.git("diff", "--cached", "--name-status").split("\n")[:-1]
    assert {line.split("\t")[1] for line in changed} == {
        f".sealedfiles/keys/production/bob.{end}" for end in ("age", "grant")
    }
    assert repo.path.joinpath(".sealedfiles/keys/production/bob.age").stat().st_size < 10_000


def _remove(repo: Repo, cell: str) -> None:
    assert cell.startswith("`revoke`: new keys, values resealed, and a list of the values")
    before = tokens(repo.blob("", YAML).decode())
    assert f"{YAML}: database.password" in repo.sealedfiles("revoke", "bob", code=None)
    after = tokens(repo.blob("", YAML).decode())
    changed = [old for old, new in zip(before, after, strict=True) if old != new]
    assert {next(iter(groups(one))) for one in changed} == {"default"}
    assert len(changed) == sum("default" in groups(one) for one in before)
    listed = json.loads(repo.sealedfiles("exposure", "bob", "--json", code=None))["values"]
    known = {(one["path"], one["key"]) for one in listed if one["class"] == "must-change"}
    assert (YAML, "database.password") in known
    assert (YAML, "production.pin") not in known
    epochs = (repo.path / ".sealedfiles/keys/default/epochs").read_text()
    assert epochs.count("\n") == 2


def _moved(repo: Repo, cell: str) -> None:
    assert cell == "refused"
    sealed = repo.blob("HEAD", YAML).decode()
    user, password = repo.tokens("HEAD", YAML)[:2]
    repo.sealedfiles("lock")
    repo.write(YAML, sealed.replace(user, password))
    repo.sealedfiles("get", YAML, "database.user", code=4)


def _written(repo: Repo, cell: str) -> None:
    """The stores themselves have their own tests; see the README's second table."""
    assert cell == "yes, `push`, with a plan"
    assert {"vault", "k8s", "aws-sm", "aws-ssm", "github", "gitlab"} <= set(_STORES)
    assert "--dry-run" in repo.sealedfiles("push", "--help")


def _post_quantum(repo: Repo, cell: str) -> None:
    assert cell == "yes, by default"
    key = repo.path.parent / "new key"
    assert repo.sealedfiles("keygen", "-o", str(key)).startswith("age1pq1")


def _kms(repo: Repo, cell: str) -> None:
    assert cell == (
        "for the keys of machines: AWS, Vault or OpenBao, gpg; experimental: Google Cloud, Azure"
    )
    assert set(_GRAMMAR) == {"aws-kms", "vault-transit", "gpg", "gcp-kms", "azure-kv"}
    assert "--kms" in repo.sealedfiles("keygen", "--help")


def _write_only(repo: Repo, cell: str, world: World) -> None:
    assert cell.startswith("yes, [a value]")
    assert cell.endswith(", which a reader accepts")
    listed = json.loads(repo.sealedfiles("group", "keys", "--json"))["groups"]
    known = {one["group"]: one["fingerprint"] for one in listed}
    bob = world.copy("bob", repo.path.parent / "bob's")
    run = ["set", YAML, "production.pin", "--value", "s3cr3t-new"]
    bob.sealedfiles(*run, code=3)
    expected = f"production={known['production']}"
    bob.sealedfiles(*run, "--group", "production", "--expect-key", expected)
    repo.write(YAML, bob.blob("HEAD", YAML).decode())
    token = re.search("sealed:v2:[A-Za-z0-9._:-]+", bob.read(YAML))
    assert token
    pin = next(one for one in bob.tokens("HEAD", YAML) if ":production:" in one)
    repo.edit(YAML, pin, token[0])
    repo.sealedfiles("get", YAML, "production.pin", code=4)
    repo.sealedfiles("accept", YAML, "--yes")
    assert repo.sealedfiles("get", YAML, "production.pin") == "s3cr3t-new\n"


def _maturity(repo: Repo, cell: str) -> None:
    del repo
    assert cell == "new, not audited"
    assert __version__.startswith("0."), "after 1.0 it is not new: say what it is"


CHECKS: dict[str, Callable[..., None]] = {
    "what is encrypted": _encrypted,
    "formats": _formats,
    "in the working tree": _in_the_tree,
    "added to the file": _nothing_added,
    "the rest of the file": _unchanged,
    "two people change different values": _merge,
    "access": _access,
    "add a reader": _add,
    "remove a reader": _remove,
    "a ciphertext moved to another key": _moved,
    "written to Vault, Kubernetes, AWS, CI secrets": _written,
    "post-quantum keys": _post_quantum,
    "cloud KMS": _kms,
    "write without being able to read": _write_only,
    "maturity": _maturity,
}


def test_every_row_has_a_check() -> None:
    assert list(ROWS) == list(CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("row", CHECKS)
def test_the_row_holds_for_sealedfiles(repo: Repo, world: World, row: str) -> None:
    more = {"world": world} if row == "write without being able to read" else {}
    CHECKS[row](repo, ROWS[row]["sealedfiles"], **more)
