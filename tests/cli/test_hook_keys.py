"""Hooks with keys decrypt what is staged or pushed, and find copies of sealed values elsewhere."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from people import ENV, JSON, YAML, Repo, tokens

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the hooks are for a POSIX shell"),
    pytest.mark.many_variants,
]

VALUES = ("s3cr3t-db-alpha", "s3cr3t-user", "s3cr3tMIGHAgEAMBMGByqGSM49")


@pytest.fixture
def hooked(repo: Repo) -> Repo:
    repo.sealedfiles("hook", "install")
    return repo


def refused(repo: Repo, *because: str) -> None:
    head = repo.head()
    repo.git("commit", "--message", "x", code=1)
    for one in because:
        assert one in repo.stderr
    assert not any(value in repo.stderr for value in VALUES), repo.stderr
    assert repo.head() == head


def stage(repo: Repo, path: str, data: str) -> None:
    """Put *data* into the index without a filter."""
    name = repo.git("hash-object", "-w", "--no-filters", "--stdin", answers=data).strip()
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{name},{path}")


# -- what is staged is opened


def damaged(repo: Repo, path: str = YAML) -> str:
    text = repo.blob("HEAD", path).decode()
    token = tokens(text)[0]
    return text.replace(token, token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB"))


def test_a_damaged_token_is_not_committed(hooked: Repo) -> None:
    stage(hooked, YAML, damaged(hooked))
    refused(hooked, f"{YAML}:7", "database.user", "[damaged]")


def test_a_token_for_another_key_is_not_committed(hooked: Repo) -> None:
    text = hooked.blob("HEAD", YAML).decode()
    first, second = tokens(text)[:2]
    stage(hooked, YAML, text.replace(first, "X").replace(second, first).replace("X", second))
    refused(hooked, f"{YAML}:7", "database.user", "[moved]")


def test_such_tokens_are_not_pushed(hooked: Repo, origin: Path) -> None:
    hooked.git("remote", "add", "origin", str(origin))
    stage(hooked, YAML, damaged(hooked))
    hooked.git("commit", "-q", "--no-verify", "--message", "x")
    hooked.git("push", "origin", "main", code=1)
    assert "[damaged]" in hooked.stderr


@pytest.mark.parametrize("state", ["locked", "without keys", "with an identity that asks"])
def test_without_keys_the_hooks_are_as_before(hooked: Repo, tmp_path: Path, state: str) -> None:
    """Nothing prompts for a key, and no command is run to get one."""
    if state == "locked":
        hooked.sealedfiles("lock")
    else:
        (hooked.path / ".git/sealedfiles/keys").unlink()
        hooked.person.identities.rename(tmp_path / "away")
    mark = tmp_path / "ran"
    person = hooked.person
    if state == "with an identity that asks":
        person = person.having(SEALEDFILES_KEY_CMD=f"touch {mark}; cat {tmp_path / 'away'}")
    try:
        stage(hooked, YAML, damaged(hooked))
        Repo(person, hooked.path).sealedfiles("hook", "run", "pre-commit")
        assert not mark.exists()
    finally:
        if state != "locked":
            (tmp_path / "away").rename(hooked.person.identities)


# -- copies of what is sealed


@pytest.mark.parametrize("path", [ENV, JSON, YAML])
@pytest.mark.parametrize("name", ["{}.orig", "{}~", "notes/copy of {}.txt"])
def test_a_copy_of_an_open_file_is_not_committed(hooked: Repo, path: str, name: str) -> None:
    copy = name.format(path.rpartition("/")[2])
    (hooked.path / copy).parent.mkdir(exist_ok=True)
    shutil.copy(hooked.path / path, hooked.path / copy)
    hooked.git("add", "--force", copy)
    refused(hooked, f"{copy}:", "[copied-value]", "the sealed value DB_PASSWORD of .env")


SHORT = "db:\n  user: admin\n  password: s3cr3t\n"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["secrets/short.yaml", "secrets/short"])
def test_a_copy_of_a_file_with_short_values_is_not_committed(hooked: Repo, path: str) -> None:
    hooked.sealedfiles("track", path)
    hooked.write(path, SHORT)
    hooked.commit("short values")
    for text in (SHORT, SHORT.replace("\n", "\r\n")):
        hooked.write("copy.txt", text)
        hooked.git("add", "copy.txt")
        refused(hooked, f"copy.txt:1: is a copy in plaintext of {path}, which is sealed [copied-v")
    hooked.edit(path, "s3cr3t", "n3w")
    hooked.git("add", path)
    hooked.write("copy.txt", SHORT)
    hooked.git("add", "copy.txt")
    refused(hooked, "copy.txt:1: is a copy in plaintext")  # of the parent's version
    hooked.write("copy.txt", SHORT + "other: text\n")
    hooked.commit("no copy, and no value of 8 characters")
    assert hooked.stderr == ""


def test_a_copy_that_a_parent_has_in_plaintext_is_no_new_finding(hooked: Repo) -> None:
    hooked.write("example.txt", SHORT)
    hooked.commit("an example")
    hooked.write("secrets/short.yaml", SHORT)
    hooked.write("other.txt", SHORT)
    hooked.commit("copies of it")
    assert hooked.stderr == ""


@pytest.mark.slow
def test_a_short_file_is_no_copy(hooked: Repo) -> None:
    hooked.sealedfiles("track", "secrets/pin")
    hooked.write("secrets/pin", "471142\n")
    hooked.write("VERSION", "471142\n")
    hooked.commit("equal by chance")
    assert hooked.stderr == ""


def test_the_place_is_named(hooked: Repo) -> None:
    hooked.write("docs/setup.md", "# Setup\n\nlog in with `s3cr3t-db-alpha`\n")
    hooked.git("add", "docs/setup.md")
    refused(hooked, "docs/setup.md:3: repeats the sealed value DB_PASSWORD of .env in plaintext")


ENCODED = {
    "hex": b"s3cr3t-db-alpha".hex(),
    "base64": base64.b64encode(b"admin:s3cr3t-db-alpha").decode(),
    "utf-16": "s3cr3t-db-alpha",
    "url": quote("pa55/w&rd 'ü'"),
    "json": json.dumps("pa55/w&rd 'ü'"),
    "decoded-base64": "k8s-s3cr3t-value",
}


@pytest.fixture
def encoded(hooked: Repo) -> Repo:
    hooked.write(
        "enc.env", f"A=\"pa55/w&rd 'ü'\"\nB={base64.b64encode(b'k8s-s3cr3t-value').decode()}\n"
    )
    hooked.commit("values that need encoding")
    return hooked


def shown(encoding: str) -> str:
    return ", decoded from base64" if "decoded" in encoding else f", encoded as {encoding}"


def write_encoded(repo: Repo, encoding: str) -> None:
    data = f"x = {ENCODED[encoding]}\n".encode("utf-16-le" if encoding == "utf-16" else "ascii")
    (repo.path / "notes.txt").write_bytes(data)
    repo.git("add", "notes.txt")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODED)
def test_an_encoded_value_is_not_committed(encoded: Repo, encoding: str) -> None:
    write_encoded(encoded, encoding)
    refused(encoded, "notes.txt:1: repeats the sealed value", f"{shown(encoding)} [copied-value]")
    assert ENCODED[encoding].strip('"') not in encoded.stderr


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODED)
def test_an_encoded_value_is_not_pushed(encoded: Repo, origin: Path, encoding: str) -> None:
    encoded.git("remote", "add", "origin", str(origin))
    encoded.git("push", "--quiet", "origin", "main")
    write_encoded(encoded, encoding)
    encoded.git("commit", "-q", "--no-verify", "--message", "leak")
    encoded.git("rm", "-q", "notes.txt")
    encoded.git("commit", "-q", "--no-verify", "--message", "removed again")
    encoded.git("push", "origin", "main", code=1)
    assert f"in plaintext{shown(encoding)} (commit " in encoded.stderr
    encoded.git("reset", "-q", "--hard", "HEAD~2")
    encoded.git("commit", "-q", "--allow-empty", "--message", f"see {ENCODED['base64']}")
    encoded.git("push", "origin", "main", code=1)
    assert "encoded as base64 (commit" in encoded.stderr


@pytest.mark.slow
def test_an_encoded_value_that_is_public_is_no_new_finding(encoded: Repo) -> None:
    write_encoded(encoded, "hex")
    encoded.git("commit", "-q", "--no-verify", "--message", "in plaintext")
    encoded.write("again.txt", ENCODED["hex"] + "\n")
    encoded.commit("encoded as before")
    encoded.write("again.txt", "s3cr3t-db-alpha\n")
    encoded.git("add", "again.txt")
    refused(encoded, "again.txt:1: repeats the sealed value DB_PASSWORD of .env in plaintext [cop")
    encoded.git("commit", "-q", "--no-verify", "--message", "as it is")
    write_encoded(encoded, "base64")
    encoded.commit("encoded anew, but public as it is")


@pytest.mark.slow
def test_a_patch_and_a_line_of_a_long_value_are_not_committed(hooked: Repo) -> None:
    hooked.write("change.patch", "+++ b/x\n+  s3cr3tMIGHAgEAMBMGByqGSM49\n")
    hooked.git("add", "change.patch")
    refused(hooked, "change.patch:2", "TLS_KEY", "[copied-value]")


@pytest.mark.parametrize("how", ["mv", "git mv", "git mv, then commit"])
def test_a_file_that_leaves_its_pattern_does_not_take_plaintext_along(
    hooked: Repo, how: str
) -> None:
    """One value is not enough to detect a renamed file."""
    hooked.write("secrets/one.yaml", "only: s3cr3t-only-one\n")
    hooked.commit("one value")
    if how == "mv":
        (hooked.path / "secrets/one.yaml").rename(hooked.path / "one.txt")
    else:
        hooked.git("mv", "secrets/one.yaml", "one.txt")
    if how == "git mv, then commit":
        hooked.git("commit", "-q", "--no-verify", "--message", "moved: the token is in git")
        hooked.write("one.txt", "only: s3cr3t-only-one\n# edited\n")
    hooked.git("add", "--all")
    refused(hooked, "one.txt", "[copied-value]")


@pytest.mark.slow
def test_a_file_that_is_sealed_whole_is_not_pasted_elsewhere(hooked: Repo) -> None:
    hooked.sealedfiles("track", "*.key")
    hooked.write("tls.key", "s3cr3tMIIEvQIBADANBgkqhkiG9w0\n")
    hooked.commit("a key without a format")
    assert b"s3cr3t" not in hooked.blob("HEAD", "tls.key")
    hooked.write("notes.txt", "the key:\ns3cr3tMIIEvQIBADANBgkqhkiG9w0\n")
    hooked.git("add", "notes.txt")
    refused(hooked, "notes.txt:2", "tls.key", "[copied-value]")


@pytest.mark.parametrize("how", ["removed", "changed"])
def test_a_value_that_is_cut_from_its_file_is_not_pasted_elsewhere(hooked: Repo, how: str) -> None:
    text = hooked.read(ENV)
    new = "" if how == "removed" else "DB_USER=s3cr3t-new"
    hooked.write(ENV, text.replace("DB_USER=s3cr3t-user", new))
    hooked.write("notes.txt", "the user is s3cr3t-user\n")
    hooked.git("add", "--all")
    refused(hooked, "notes.txt", "[copied-value]")


@pytest.mark.parametrize("how", ["pasted", "in a text", "moved"])
def test_a_value_is_not_pasted_into_its_own_file_in_plaintext(hooked: Repo, how: str) -> None:
    """Here at a key that the policy leaves in plaintext."""
    text = hooked.read(ENV)
    added = {
        "pasted": "APP_COPY=s3cr3t-user\n",
        "in a text": "APP_URL=https://s3cr3t-user@host\n",
        "moved": "APP_COPY=s3cr3t-user\n",
    }[how]
    if how == "moved":
        text = text.replace("DB_USER=s3cr3t-user\n", "")
    hooked.write(ENV, text + added)
    hooked.git("add", ENV)
    refused(hooked, ENV, "[copied-value]")


@pytest.mark.slow
def test_a_file_without_a_pattern_that_is_in_plaintext_again_is_refused_once(hooked: Repo) -> None:
    hooked.write("deploy/app.yaml", "pin: s3cr3t-deploy-pin\n")
    hooked.sealedfiles("seal", "deploy/app.yaml")
    hooked.git("add", "deploy/app.yaml")
    hooked.git("commit", "-q", "--message", "sealed")
    hooked.sealedfiles("unseal", "deploy/app.yaml")
    hooked.git("add", "deploy/app.yaml")
    refused(hooked, "deploy/app.yaml:1: pin: in plaintext; sealed to default in HEAD")
    assert "[copied-value]" not in hooked.stderr


@pytest.mark.slow
def test_what_the_hooks_remember_follows_the_values(hooked: Repo) -> None:
    hooked.write("docs/setup.md", "# Setup\n")
    hooked.commit("docs")
    remembered = hooked.folder("sealedfiles/held")
    first = remembered.read_bytes()
    hooked.write("docs/more.md", "# More\n")
    hooked.commit("more docs")
    assert remembered.read_bytes() == first
    hooked.edit(ENV, "s3cr3t-api-alpha", "s3cr3t-api-renewed")
    hooked.commit("a new token")
    assert len(remembered.read_bytes()) > len(first)
    hooked.write("docs/setup.md", "call it with s3cr3t-api-renewed\n")
    hooked.git("add", "docs/setup.md")
    refused(hooked, "docs/setup.md:1: repeats the sealed value API_TOKEN of .env in plaintext")
    remembered.write_bytes(first[:-8] + bytes(8))
    refused(hooked, "docs/setup.md:1: repeats the sealed value API_TOKEN of .env in plaintext")
    hooked.git("reset", "--quiet", "--hard")
    hooked.sealedfiles("lock")
    assert not remembered.exists()


def test_what_is_plain_short_or_common_is_no_finding(hooked: Repo) -> None:
    hooked.write("b.env", "HOST=localhost\nPORT=12345\nMODE=production\nMAIL=s3cr3t-mail\n")
    hooked.write(
        "main.py", "host = 'localhost'; port = 12345; mode = 'production'; name='orders'\n"
    )
    hooked.commit("a service")
    assert hooked.stderr == ""


def test_what_was_in_plaintext_before_is_no_new_finding(hooked: Repo) -> None:
    hooked.write("README.md", "the test user is s3cr3t-tester\n")
    hooked.commit("read me")
    hooked.write("test.env", "TESTER=s3cr3t-tester\n")
    hooked.write("other.md", "again: s3cr3t-tester\n")
    hooked.commit("tests")


BINARY = b"SQLite format 3\x00\x14\x00s3cr3t-row"


@pytest.mark.slow
@pytest.mark.parametrize(
    "data", [BINARY, BINARY + b"\n\x00more\n", b"s\x003\x00c\x00r\x003\x00t\x00"]
)
def test_the_same_for_a_binary_file(hooked: Repo, data: bytes) -> None:
    hooked.sealedfiles("track", "*.db", "--format", "whole")
    (hooked.path / "a.db").write_bytes(data)
    hooked.commit("a database")
    copy = hooked.path / "copy.bin"
    copy.write_bytes(b"head" + data + b"tail")
    hooked.git("add", "copy.bin")
    refused(hooked, "copy.bin:1: repeats the sealed value the whole file of a.db in plaintext")
    if BINARY in data:
        hooked.git("commit", "-q", "--no-verify", "--message", "in plaintext")
        copy.rename(hooked.path / "moved.bin")
        hooked.commit("in plaintext in a parent: no new finding")


def test_a_copy_that_the_policy_allows_is_committed(hooked: Repo) -> None:
    policy = hooked.read(".sealedfiles/policy.yaml")
    allow = 'allow:\n  - finding: copied-value\n    files: "demo/*"\n    reason: "made up"\n'
    hooked.write(".sealedfiles/policy.yaml", policy + allow)
    hooked.sealedfiles("trust", "policy", "--yes")
    hooked.commit("allow")
    hooked.write("demo/data.txt", "s3cr3t-db-alpha\n")
    hooked.commit("demo")


# -- secrets that are not sealed values

TOKEN = "ghp_" + "oHwLMeaZqo9DZDNjN1GTPdVKsb1DS2S5yXB6"


@pytest.fixture
def detecting(hooked: Repo) -> Repo:
    pytest.importorskip("kingfisher_sdk", reason="the extra scan is not installed")
    return hooked


@pytest.mark.parametrize("path", ["deploy.sh", ".env", "src/new.py"])
def test_a_provider_token_is_not_committed(detecting: Repo, path: str) -> None:
    if path == ".env":  # it is sealed
        detecting.write(path, detecting.read(path) + f"TOKEN={TOKEN}\n")
        detecting.commit("a token that is sealed")
        return
    detecting.write("deploy.sh", "#!/bin/sh\n")
    detecting.commit("deploy")
    detecting.write(path, f"#!/bin/sh\nexport T={TOKEN}\n")
    detecting.git("add", path)
    what = "has a secret in plaintext that is not a sealed value"
    refused(detecting, f"{path}:2: {what} (", f"[unknown-secret] -> git restore --staged -- {path}")
    assert TOKEN not in detecting.stderr


@pytest.mark.slow
def test_a_token_that_is_not_new_is_committed(detecting: Repo) -> None:
    detecting.write("deploy.sh", f"export T={TOKEN}\n")
    detecting.git("add", "deploy.sh")
    detecting.git("commit", "--quiet", "--no-verify", "--message", "a token")
    detecting.write("deploy.sh", f"export T={TOKEN}\nexport U=a1b2c3d4e5f6a7b8c9d0\n")
    detecting.write("other.sh", f"export T={TOKEN}\n")
    (detecting.path / "binary").write_bytes(
        b"\x00" + TOKEN[::-1].encode() + TOKEN[:-1].encode() + b"8"
    )
    detecting.commit("it again, and a binary file")
    detecting.git("checkout", "-q", "-b", "side", "HEAD~1")
    other = TOKEN.replace("yXB6", "yXB7")
    detecting.write("side.sh", f"export T={other}\n")
    detecting.git("add", "side.sh")
    detecting.git("commit", "--quiet", "--no-verify", "--message", "another token")
    detecting.git("merge", "--quiet", "--no-commit", "main")
    detecting.commit("merged")


@pytest.mark.slow
def test_a_provider_token_in_a_first_commit_and_beside_a_removed_file(detecting: Repo) -> None:
    detecting.git("checkout", "-q", "--orphan", "first")
    detecting.write("deploy.sh", f"export T={TOKEN}\n")
    detecting.git("add", "deploy.sh")
    detecting.git("commit", "--message", "x", code=1)
    assert "deploy.sh:1: has a secret in plaintext that is not a sealed value" in detecting.stderr
    detecting.git("switch", "-q", "--discard-changes", "main")
    detecting.write("old.txt", "old\n")
    detecting.commit("a file")
    detecting.git("rm", "-q", "old.txt")
    detecting.write("deploy.sh", f"export T={TOKEN}\n")
    detecting.git("add", "deploy.sh")
    refused(detecting, "deploy.sh:1: has a secret in plaintext that is not a sealed value")


@pytest.mark.slow
def test_a_provider_token_is_not_pushed(detecting: Repo, origin: Path) -> None:
    """Also if a later commit of the push removes it."""
    detecting.write("deploy.sh", f"#!/bin/sh\nexport T={TOKEN}\n")
    detecting.git("add", "deploy.sh")
    detecting.git("commit", "--quiet", "--no-verify", "--message", "a token")
    commit = detecting.head()
    (detecting.path / "deploy.sh").unlink()
    detecting.commit("no token")
    detecting.git("push", str(origin), "HEAD:refs/heads/new", code=1)
    what = "deploy.sh:2: has a secret in plaintext that is not a sealed value"
    assert f"{what}" in detecting.stderr
    assert f"[unknown-secret] -> git show {commit[:12]}" in detecting.stderr
    assert TOKEN not in detecting.stderr
    detecting.git("push", "--quiet", "--no-verify", str(origin), "HEAD:refs/heads/new")
    detecting.write("deploy.sh", f"export T={TOKEN}\nexport U=1\n")
    detecting.git("add", "deploy.sh")
    detecting.git("commit", "--quiet", "--no-verify", "--message", "a token again")
    detecting.git("reset", "--quiet", "--soft", "HEAD^")
    detecting.write("deploy.sh", "export U=1\n")
    detecting.commit("without it")
    detecting.git("push", str(origin), "HEAD:refs/heads/new")


def test_without_the_extra_tokens_are_not_searched_for(hooked: Repo, tmp_path: Path) -> None:
    """A package of that name that cannot be imported is as good as none."""
    (tmp_path / "kingfisher_sdk.py").write_text("raise ImportError")
    hooked = replace(hooked, person=hooked.person.having(PYTHONPATH=str(tmp_path)))
    hooked.write("deploy.sh", f"export T={TOKEN}\n")
    hooked.git("add", "deploy.sh")
    hooked.raw(sys.executable, "-m", "sealedfiles", "hook", "run", "pre-commit")


def test_what_a_policy_allows_that_is_not_in_force_is_refused(hooked: Repo) -> None:
    """Anyone with push access can write one, also one that allows what reports it."""
    codes = ("copied-value", "private-key", "value-in-message", "new-allow", "unproved-policy")
    allow = "".join(f'  - {{finding: {one}, files: "**", reason: "x"}}\n' for one in codes)
    policy = hooked.read(".sealedfiles/policy.yaml")
    hooked.write(".sealedfiles/policy.yaml", f"{policy}allow:\n{allow}")
    hooked.git("commit", "-q", "-a", "--no-verify", "--message", "pulled")
    hooked.write("notes.txt", "s3cr3t-db-alpha\n")
    hooked.git("add", "notes.txt")
    hooked.git("commit", "--message", "x", code=1)
    assert "[copied-value]" in hooked.stderr
    found = hooked.sealedfiles("check", "--rev", "HEAD~1..HEAD", "--keyed", code=None)
    assert "[new-allow]" in found
    assert "[unproved-policy]" in found


@pytest.mark.slow
def test_a_token_that_the_policy_allows_or_that_is_a_copy(detecting: Repo) -> None:
    detecting.write("a.env", f"TOKEN={TOKEN}\n")
    detecting.commit("a token that is sealed")
    detecting.write("copy.sh", f"export T={TOKEN}\n")
    detecting.git("add", "copy.sh")
    refused(detecting, "copy.sh:1: repeats the sealed value TOKEN of a.env in plaintext [copied-v")
    assert "unknown-secret" not in detecting.stderr
    policy = detecting.read(".sealedfiles/policy.yaml")
    allow = 'allow:\n  - finding: unknown-secret\n    files: "tests/*"\n    reason: "made up"\n'
    detecting.write(".sealedfiles/policy.yaml", policy + allow)
    detecting.sealedfiles("trust", "policy", "--yes")
    detecting.write("tests/data.txt", f"{TOKEN[:-1]}7\n")
    detecting.git("restore", "--staged", "copy.sh")
    (detecting.path / "copy.sh").unlink()
    detecting.commit("demo")


def test_a_repository_without_sealedfiles_is_left_alone(detecting: Repo, tmp_path: Path) -> None:
    other = tmp_path / "other"
    detecting.git("init", "--quiet", str(other))
    (other / "deploy.sh").write_text(f"export T={TOKEN}\n")
    run = detecting.person.run
    run(["git", "add", "deploy.sh"], other)
    run(["sealedfiles", "hook", "run", "pre-commit"], other)


# -- pushing


@pytest.fixture
def server(hooked: Repo, origin: Path) -> Path:
    hooked.git("remote", "add", "origin", str(origin))
    hooked.git("push", "--quiet", "origin", "main")
    return origin


def leak(repo: Repo, path: str = ENV) -> str:
    """Commit plaintext without hooks, on no branch; return the commit."""
    repo.git("checkout", "-q", "--detach", "main")
    stage(repo, path, "DB_PASSWORD=s3cr3t-leaked\n")
    repo.git("commit", "-q", "--no-verify", "--message", "leak")
    commit = repo.head()
    repo.git("checkout", "-q", "--force", "main")
    return commit


def push_refused(repo: Repo, *refs: str) -> None:
    repo.git("push", "origin", *refs, code=1)
    assert "nothing was pushed" in repo.stderr
    assert "s3cr3t-leaked" not in repo.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("name", ["refs/remotes/origin/x", "refs/remotes/other/x", "refs/tags/x"])
def test_a_reference_here_does_not_say_what_the_remote_has(hooked: Repo, name: str) -> None:
    """Anyone with access to the clone, or a fetch from elsewhere, can set any ref."""
    hooked.git("update-ref", name, leak(hooked))
    push_refused(hooked, f"{name}:refs/heads/feature")


@pytest.mark.usefixtures("server")
def test_the_same_with_a_long_history(hooked: Repo) -> None:
    lines = [f"commit refs/heads/main\ncommitter x <x> {n} +0000\ndata 1\nx\n" for n in range(150)]
    lines[0] += "from refs/heads/main^0\n"
    hooked.git("fast-import", "--quiet", "--force", answers="".join(lines))
    hooked.git("push", "--quiet", "origin", "main")
    commit = leak(hooked)
    hooked.git("update-ref", "refs/remotes/origin/feature", commit)
    push_refused(hooked, f"{commit}:refs/heads/feature")
    # The remote is asked what it has, so nothing else is looked at.
    assert "1 sealed file" in hooked.stderr
    hooked.git("push", "--quiet", "origin", "main:refs/heads/copy")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("what", ["{}^{{tree}}", "{}:secrets/app.yaml", "{}:secrets"])
@pytest.mark.parametrize("annotated", [False, True], ids=["lightweight", "annotated"])
def test_files_without_a_commit_are_refused(hooked: Repo, what: str, annotated: bool) -> None:
    target = hooked.head(what.format(leak(hooked, YAML)))
    hooked.git("tag", *(["-a", "-m", "x"] if annotated else []), "v1", target)
    push_refused(hooked, "v1")
    assert "refs/tags/v1" in hooked.stderr
    assert "[no-commit]" in hooked.stderr
    hooked.git("push", "--quiet", "--no-verify", "origin", "v1")
    hooked.git("push", "--quiet", "origin", "v1:refs/tags/v2")  # it is there already


@pytest.mark.usefixtures("server")
def test_a_secret_in_the_target_of_a_link_is_refused(hooked: Repo) -> None:
    (hooked.path / "secrets/link.yaml").symlink_to("s3cr3t-leaked")
    hooked.git("add", "secrets/link.yaml")
    refused(hooked, "secrets/link.yaml", "[plain-link]")
    hooked.git("commit", "-q", "--no-verify", "--message", "x")
    push_refused(hooked, "main")
    hooked.git("reset", "-q", "--hard", "HEAD~1")
    (hooked.path / "secrets/link.yaml").symlink_to("../secrets/app.yaml")
    hooked.commit("a link to another file")
    hooked.git("push", "--quiet", "origin", "main")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("kind", ["commit", "tag", "tag of a tag"])
def test_a_message_with_a_sealed_value_is_not_pushed(hooked: Repo, kind: str) -> None:
    said = "the password was s3cr3t-db-alpha"
    if kind == "commit":
        hooked.git("commit", "-q", "--allow-empty", "--message", said)
    else:
        hooked.git("tag", "-a", "-m", said, "v0")
        hooked.git("tag", "-a", "-m", "release", "v1", "v0" if kind == "tag of a tag" else "HEAD")
    pushed = {"commit": "main", "tag": "v0", "tag of a tag": "v1"}[kind]
    hooked.git("push", "origin", pushed, code=1)
    assert "[value-in-message]" in hooked.stderr
    assert "s3cr3t-db-alpha" not in hooked.stderr


@pytest.mark.usefixtures("server")
def test_a_note_with_a_sealed_value_is_not_pushed(hooked: Repo) -> None:
    hooked.git("notes", "add", "-m", "the password was s3cr3t-db-alpha")
    hooked.git("push", "origin", "refs/notes/commits", code=1)
    assert "[copied-value]" in hooked.stderr
    hooked.git("notes", "add", "--force", "-m", "reviewed")
    commit = hooked.git("commit-tree", "-m", "x", "refs/notes/commits^{tree}").strip()
    hooked.git("push", "origin", f"{commit}:refs/notes/commits")


@pytest.mark.usefixtures("server")
def test_nor_is_a_sealed_value_on_a_branch_without_sealed_files(hooked: Repo) -> None:
    hooked.git("checkout", "-q", "--orphan", "pages")
    hooked.git("rm", "-r", "-f", "-q", ".")
    hooked.write("index.html", "<p>s3cr3t-db-alpha</p>\n")
    hooked.git("add", "index.html")
    hooked.git("commit", "--message", "x", code=1)
    assert "[copied-value]" in hooked.stderr
    hooked.git("commit", "-q", "--no-verify", "--message", "x")
    hooked.git("push", "origin", "pages", code=1)
    assert "[copied-value]" in hooked.stderr
    hooked.write("index.html", "<p>s3cr3t is public</p>\n")
    hooked.git("add", "index.html")
    hooked.git("commit", "-q", "--amend", "--message", "x")
    hooked.git("push", "-q", "origin", "pages")


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_grafts_hide_nothing(hooked: Repo) -> None:
    base, commit = hooked.head(), leak(hooked)
    hooked.git("checkout", "-q", "--detach", commit)
    hooked.git("checkout", "-q", "main", "--", ENV)
    hooked.git("commit", "-q", "--no-verify", "--message", "back")
    hooked.folder("info/grafts").parent.mkdir(exist_ok=True)
    hooked.folder("info/grafts").write_text(f"{hooked.head()} {base}\n")
    push_refused(hooked, "HEAD:refs/heads/x")


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_a_remote_that_does_not_respond_only_costs_time(hooked: Repo) -> None:
    lines = [f"commit refs/heads/main\ncommitter x <x> {n} +0000\ndata 1\nx\n" for n in range(150)]
    lines[0] += "from refs/heads/main^0\n"
    hooked.git("fast-import", "--quiet", "--force", answers="".join(lines))
    stdin = f"refs/heads/main {hooked.head()} refs/heads/new {'0' * 40}\n"
    run = ("hook", "run", "pre-push", "gone", "/no/such/place")
    hooked.sealedfiles(*run, answers=stdin)
    assert "did not list its branches" in hooked.stderr
    stdin = f"refs/heads/main {leak(hooked)} refs/heads/new {'0' * 40}\n"
    hooked.sealedfiles(*run, answers=stdin, code=1)


@pytest.mark.slow
def test_a_rotation_after_rotations_of_others_is_committed(team: tuple[Repo, Repo]) -> None:
    """The hooks verify the chain of keys with the cached ones: the keys between must be among them."""
    alice, bob = team
    for _ in range(2):
        bob.sealedfiles("rotate", "default")
        bob.commit("rotate")
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    alice.sealedfiles("rotate", "default")
    alice.sealedfiles("hook", "run", "pre-commit")
    alice.commit("rotate")
    lines = alice.read(".sealedfiles/keys/default/epochs").strip().split("\n")
    cached = alice.folder("sealedfiles/keys").read_text()
    assert [line.split(" ")[0] in cached for line in lines] == [True] * 4
