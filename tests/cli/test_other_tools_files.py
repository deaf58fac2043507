"""Files that another tool has encrypted, at paths that sealedfiles tracks: reported, and not sealed."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from sealedfiles.sealing.other_tools import MAY_STAY, encrypting_tool

if TYPE_CHECKING:
    from people import Repo

GIT_CRYPT = b"\0GITCRYPT\0" + bytes(range(64))
VAULT = b"$ANSIBLE_VAULT;1.1;AES256\n" + b"6162" * 20 + b"\n"
_ENCRYPTED = "ENC[AES256_GCM,data:Zm9v,iv:YWJj,tag:ZGVm,type:str]"
TRANSCRYPT = b"U2FsdGVkX19" + b"QUJD" * 10 + b"\n"
SOPS = f"password: {_ENCRYPTED}\nsops:\n    lastmodified: now\n    mac: {_ENCRYPTED}\n".encode()
SOPS_JSON = json.dumps({"data": _ENCRYPTED, "sops": {"mac": _ENCRYPTED}}).encode()
SOPS_ENV = f"PASSWORD={_ENCRYPTED}\nsops_mac={_ENCRYPTED}\nsops_version=3.9\n".encode()
DOTENVX = b'DOTENV_PUBLIC_KEY="02ab"\nPASSWORD="encrypted:' + b"QUJD" * 40 + b'"\n'
ENCRYPTED = [
    ("git-crypt", "new.yaml", GIT_CRYPT),
    ("git-crypt", "new.bin", GIT_CRYPT),
    ("ansible-vault", "new.yaml", VAULT),
    ("transcrypt", "new.yaml", TRANSCRYPT),
    ("sops", "new.yaml", SOPS),
    ("sops", "new.bin", SOPS_JSON),
    ("sops", "new.env", SOPS_ENV),
    ("dotenvx", "new.env", DOTENVX),
]
ALWAYS_LEFT = [one for one in ENCRYPTED if one[0] not in MAY_STAY]
NAMES = [f"{tool} {name}" for tool, name, _ in ENCRYPTED]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a: 1\n",
        b"# files of git-crypt begin with \0GITCRYPT\0\n",
        f"notes: sops writes {_ENCRYPTED}, and a mac\n".encode(),
        f"sops: true\nhmac: {_ENCRYPTED}\n".encode(),
        b"DOTENV_PUBLIC_KEY=02ab\nPASSWORD=encrypted:no\n",
        b"text: U2FsdGVkX19aaaa\n",
        b"text: $ANSIBLE_VAULT;1.1;AES256\n",
    ],
)
def test_no_other_file_is_taken_for_an_encrypted_one(data: bytes) -> None:
    assert encrypting_tool(data) == ""


@pytest.fixture
def tracking(fresh: Repo) -> Repo:
    """A repository in which every file in a folder is sealed, without a hook."""
    fresh.sealedfiles("init", "--no-hooks")
    fresh.sealedfiles("track", "secrets/**")
    fresh.write("secrets/old.yaml", "password: s3cr3t-old\n")
    fresh.commit("first")
    return fresh


def merge_branch_with(repo: Repo, path: str, data: bytes) -> None:
    """Merge a branch that has *data* at *path*, as another tool stored it."""
    raw = ["hash-object", "-w", "--no-filters", "--stdin"]
    done = subprocess.run(["git", *raw], cwd=repo.path, input=data, capture_output=True, check=True)
    oid = done.stdout.decode().strip()
    repo.git("checkout", "--quiet", "-b", "feature")
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
    repo.git("commit", "--quiet", "-m", "feature")
    repo.git("reset", "--quiet", "--hard")
    repo.git("checkout", "--quiet", "-")
    repo.git("merge", "--quiet", "--no-ff", "-m", "merge", "feature")


@pytest.mark.many_variants
@pytest.mark.parametrize(("tool", "name", "data"), ENCRYPTED, ids=NAMES)
def test_a_merged_file_is_reported_and_not_sealed(
    tracking: Repo, tool: str, name: str, data: bytes
) -> None:
    path = f"secrets/{name}"
    merge_branch_with(tracking, path, data)
    assert f"{path}: encrypted with {tool} in git" in tracking.stderr
    assert "status --fix" not in tracking.stderr
    findings = json.loads(tracking.sealedfiles("check", "--json", code=1))["findings"]
    assert [(one["code"], one["path"], one["fix"]) for one in findings] == [
        ("other-tool", path, "sealedfiles migrate")
    ]
    assert tool in findings[0]["message"]
    shown = tracking.sealedfiles("status", "--fix", "--yes", code=1)
    assert f"{path}: values encrypted with {tool} were not sealed" in tracking.stderr
    assert "seal the staged versions" not in tracking.stderr
    assert f"encrypted with {tool}" in shown
    tracking.git("add", "--all")  # unchanged
    assert tracking.blob("", path) == data


@pytest.mark.parametrize("data", [VAULT, TRANSCRYPT])
def test_a_new_file_that_may_be_meant_to_stay_encrypted_is_sealed(
    tracking: Repo, data: bytes
) -> None:
    """Ansible opens vaults itself, and openssl writes what transcrypt does."""
    tracking.write("secrets/new.yaml", data)
    tracking.write("other.yaml", data)
    tracking.git("add", "--all")
    tracking.sealedfiles("track", "other.yaml")
    tracking.commit("encrypted twice")
    for path in ("secrets/new.yaml", "other.yaml"):
        assert b"sealed:v1:" in tracking.blob("HEAD", path)
        assert tracking.read_bytes(path) == data
        tracking.sealedfiles("seal", path)
    tracking.sealedfiles("check", "--keyed")


@pytest.mark.many_variants
@pytest.mark.parametrize(("tool", "name", "data"), ALWAYS_LEFT, ids=lambda part: str(part)[:13])
def test_a_new_file_is_not_added_unless_the_user_seals_it(
    tracking: Repo, tool: str, name: str, data: bytes
) -> None:
    path = f"secrets/{name}"
    for target in (path, "secrets/old.yaml"):
        tracking.write(target, data)
        tracking.git("status", "--short")
        tracking.git("add", "--all", code=128)
        assert f"{target} is encrypted with {tool}" in tracking.stderr
        assert f"sealedfiles migrate {target}" in tracking.stderr
        tracking.git("checkout", "--", "secrets/old.yaml")
    tracking.write(path, data)
    tracking.sealedfiles("seal", path, code=2)
    assert f"{path} is encrypted with {tool}" in tracking.stderr
    assert tracking.read_bytes(path) == data
    tracking.sealedfiles("seal", "--yes", path)
    tracking.git("add", path)
    assert b"sealed:v1:" in tracking.blob("", path)
    # Once it is sealed on purpose, it can change.
    tracking.sealedfiles("unlock")
    tracking.write(path, data.replace(b"Q", b"R").replace(b"6", b"7").replace(b"Zm", b"Zn") + b"\n")
    tracking.git("add", path)


def test_a_sealed_file_that_it_replaces_is_to_be_named(tracking: Repo) -> None:
    merge_branch_with(tracking, "secrets/old.yaml", SOPS)
    shown = tracking.sealedfiles("check", "--rev", "HEAD^2", "--json", code=1)
    fixes = {one["code"]: one["fix"] for one in json.loads(shown)["findings"]}
    assert fixes == {
        "other-tool": "sealedfiles migrate",
        "sealed-before": "sealedfiles migrate secrets/old.yaml",
    }


VALUES = [
    ("dotenvx", "old.env", "NEW=encrypted:" + "QUJD" * 40 + "\n"),
    ("ansible-vault", "old.yaml", "new: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"),
    (
        "ansible-vault",
        "old.yaml",
        "new: &a !vault-encrypted |-\n  $ANSIBLE_VAULT;1.1;AES256\n  61\n",
    ),
    ("sops", "old.yaml", f"new: {_ENCRYPTED}\n"),
]


@pytest.mark.many_variants
@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize(("tool", "name", "line"), VALUES)
def test_a_value_among_others_is_reported_and_not_sealed(
    tracking: Repo, tool: str, name: str, line: str, is_new: bool
) -> None:
    tracking.write("secrets/old.env", "PASSWORD=s3cr3t-old\n")
    tracking.commit("another format")
    path = f"secrets/{'new' if is_new else 'old'}{name[3:]}"
    before = b"" if is_new else tracking.blob("HEAD", path)
    merge_branch_with(tracking, path, before + line.encode())
    findings = json.loads(tracking.sealedfiles("check", "--json", code=1))["findings"]
    can_migrate = is_new and tool != "sops"
    fix = f"sealedfiles {'migrate' if can_migrate else 'set'} {path}"
    assert [(one["code"], one["key"].lower()) for one in findings] == [("plain-value", "new")]
    assert findings[0]["fix"] == fix + ("" if can_migrate else " KEY")
    assert findings[0]["message"].startswith(f"encrypted with {tool}; the policy seals it")
    shown = tracking.sealedfiles("status", "--fix", "--yes", code=1)
    assert ("sealedfiles migrate" if can_migrate else fix) in tracking.stderr
    assert f"plaintext    {path}  encrypted with {tool}" in shown
    assert tracking.blob("", path) == before + line.encode()


def test_a_file_in_git_is_tracked_only_by_force(fresh: Repo) -> None:
    fresh.sealedfiles("init", "--no-hooks")
    fresh.write("app.yaml", SOPS)
    fresh.commit("first")
    for options in ((), ("--dry-run",)):
        fresh.sealedfiles("track", "app.yaml", *options, code=2)
        assert "app.yaml is encrypted with sops" in fresh.stderr
        assert "sealedfiles migrate" in fresh.stderr
    assert fresh.blob("", "app.yaml") == SOPS
    fresh.sealedfiles("track", "--force", "app.yaml")
    assert b"sealed:v1:" in fresh.blob("", "app.yaml")


@pytest.mark.slow
@pytest.mark.parametrize(("tool", "name", "data"), ENCRYPTED, ids=NAMES)
def test_what_it_encrypted_before_counts_as_no_plaintext(
    fresh: Repo, tool: str, name: str, data: bytes
) -> None:
    del tool
    path = f"secrets/{name}"
    fresh.write(path, data)
    fresh.commit("encrypted")
    fresh.git("rm", "-q", path)
    fresh.commit("remove it")
    fresh.sealedfiles("init", "--no-hooks")
    fresh.sealedfiles("track", "secrets/**")
    fresh.write(
        path, "PASSWORD=s3cr3t-new\n" if name.endswith(".env") else "password: s3cr3t-new\n"
    )
    fresh.commit("seal it")
    fresh.sealedfiles("check", "--all")
    assert json.loads(fresh.sealedfiles("exposure", "--history", "--json"))["values"] == []
