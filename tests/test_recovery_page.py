"""docs/recovery.md: its commands and its script are taken from the page."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from age.programs import age_since, ages, missing
from people import FILES, SECRET, TOKEN, Person, Repo, at_home_of_its_own

if TYPE_CHECKING:
    from age.programs import Age
    from conftest import World

PAGE = (Path(__file__).parents[1] / "docs" / "recovery.md").read_text(encoding="utf-8")
VECTORS = [Path(__file__).with_name("vectors") / name for name in ("files.json", "comments.json")]
URL = "https://git.example.org/orders.git"

MORE = {
    "secrets/odd.yaml": b"""\
# it was s3cr3t-anchored in May, and s3cr3t-on-call before
# password: changed after the audit
defaults: &defaults
  user: !!str &user s3cr3t-anchored
  again: *user
  tag: &first !!str 's3cr3t ''quoted'''
list: [&one s3cr3t-one, "s3cr3t\\ttwo", s3cr3t-one, 3]   # flow
folded: >-
  s3cr3t folded
    deeper

  text

kept: |+
  s3cr3t

plain: s3cr3t over
  two lines
password: s3cr3t-odd
empty:
production:
  <<: *defaults
  pin: "s3cr3t-on-call"
---
second: s3cr3t-document
""",
    "secrets/windows.yaml": b"\xef\xbb\xbfa: s3cr3t-crlf\r\nb: |\r\n  s3cr3t\r\n  block\r\nc: 1\r\n",
    "secrets/broken.yaml": b"a: [s3cr3t, \n  {{ not yaml\n",
    "config/odd.json": '{"a": [null, true, -1.5e3, "s3cr3t\\u00e4 \\"q\\""],\n\t"ä": {"a": "s3cr3t-ö"}}'.encode(),
    "config/commented.json": b"""\
{"a": "s3cr3t-one",   // "a": "s3cr3t-old"
 /* "b": {"on_call": "s3cr3t-on-call"} */ "b": true, // see the handbook
 "c": "http:// s3cr3t", /*"d": 3
  "e": "s3cr3t-two" */ // # "f": 1
}
""",
    "odd.env": b"""\
#OLD_PASSWORD=s3cr3t-commented-out
export QUOTED='s3cr3t
#two lines'  # a note
PROD_KEY=s3cr3t-on-call # not a comment
EMPTY=
PEM=-----BEGIN X-----
s3cr3tAAAA
-----END X-----
""",
    "certs/store.bin": b"\x00s3cr3t\xff\x80\x00\x00",
    "certs/server.pem": b"-----BEGIN X-----\ns3cr3t\n-----END X-----\n",
}


def section(title: str) -> str:
    found = re.search(rf"(?ms)^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE)
    assert found, title
    return found[1]


def block(title: str, language: str) -> str:
    """Return the one block of code in a section that is to be run."""
    found = re.findall(rf"(?ms)^( *)```{language}\n(.*?)^ *```", section(title))
    assert len(found) == 1, title
    indent, code = found[0]
    return re.sub(rf"(?m)^{indent}", "", code)


WAY_OUT = "Decrypt everything without sealedfiles"
SCRIPT = block(WAY_OUT, "python")


def follow(title: str, repo: Repo) -> None:
    """Run the commands of a section in somebody's repository."""
    repo.raw("sh", "-euc", block(title, "sh"))


def run_script(folder: Path, keys: bytes, source: Path) -> subprocess.CompletedProcess[str]:
    """Run the script; ``plain`` in *folder* is what comes out."""
    (folder / "recover.py").write_text(SCRIPT, encoding="utf-8")
    (folder / "keys.txt").write_bytes(keys)
    command = [sys.executable, "-I", "recover.py", "keys.txt", str(source), "plain"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)


def tracked(repo: Repo) -> dict[str, bytes]:
    """Return the files of a work tree without those of sealedfiles itself."""
    names = repo.git("ls-files", "-z").split("\0")[:-1]
    own = (".sealedfiles/", ".gitattributes")
    return {name: repo.read_bytes(name) for name in names if not name.startswith(own)}


@pytest.fixture(scope="module")
def rich(world: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Alice's repository with all that can be sealed, some of it under keys of before a rotation."""
    repo = world.copy("alice", tmp_path_factory.mktemp("rich") / "orders")
    rule = ("--values", "nothing", "--group", "production")
    repo.sealedfiles("track", "certs/*", "*.bin", "*.pem", *rule)
    for path, data in MORE.items():
        repo.write(path, data)
    repo.commit("more settings")
    repo.git("tag", "before")
    return repo


@pytest.fixture
def copy(rich: Repo, tmp_path: Path) -> Repo:
    return rich.copy(tmp_path / "orders")


def test_the_samples_hold_every_kind_of_token(rich: Repo) -> None:
    sealed = {path: rich.blob("HEAD", path) for path in MORE}
    assert not any(SECRET.encode() in data for data in sealed.values())
    layered = TOKEN.fullmatch(sealed["certs/store.bin"].decode().strip())
    assert layered
    assert layered["group"] == "production", "the outer layer"
    assert sealed["secrets/broken.yaml"].startswith(b'"sealed:v1:production:')
    assert sealed["secrets/odd.yaml"].startswith(b"# sealed:v1:production:")
    assert b"&user " in sealed["secrets/odd.yaml"]
    assert sealed["odd.env"].startswith(b"# sealed:v1:default:")
    assert b"// sealed:v1:" in sealed["config/commented.json"]
    assert b"/* sealed:v1:" in sealed["config/commented.json"]


def oldest_age() -> Age:
    return ages()[-1] if ages() else missing("age")


@pytest.mark.parametrize("kind", ["classic", "post-quantum"])
def test_with_age_and_the_script_everything_opens(copy: Repo, tmp_path: Path, kind: str) -> None:
    age = age_since((1, 3)) if kind == "post-quantum" else oldest_age()
    options = ["--classic"] if kind == "classic" else []
    safe = tmp_path / "safe"
    safe.mkdir()
    copy.sealedfiles("recovery-key", "--out", str(safe / "recovery.txt"), *options)
    copy.commit("a recovery key")
    copy.sealedfiles("rotate")
    copy.commit("new keys")

    # A computer that has git, age and Python, and has never seen sealedfiles.
    programs = safe / "bin"
    programs.mkdir()
    (programs / "age").symlink_to(age.path)
    (programs / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "$@"\n')
    (programs / "python3").chmod(0o755)
    person = Person.at(tmp_path / "dora").having(
        PATH=f"{programs}:/usr/bin:/bin",
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.{copy.path}.insteadOf",
        GIT_CONFIG_VALUE_0=URL,
    )
    (safe / "recover.py").write_text(SCRIPT, encoding="utf-8")
    desk = Repo(person, safe)
    follow(WAY_OUT, desk)

    assert desk.stderr.startswith("Cloning into")
    assert "stay sealed" not in desk.stderr
    expected = tracked(copy)
    assert {path: (safe / "plain" / path).read_bytes() for path in expected} == expected
    assert {*FILES, *MORE} <= {*expected}
    assert (safe / "keys.txt").stat().st_mode & 0o077 == 0

    # What was sealed with the keys of before.
    desk.git("-C", "sealed", "checkout", "--quiet", "before")
    assert TOKEN.search((safe / "sealed" / ".env").read_text())
    desk.raw("rm", "-r", "plain")
    desk.raw("python3", "recover.py", "keys.txt", "sealed", "plain")
    assert {path: (safe / "plain" / path).read_bytes() for path in expected} == expected


def test_the_script_imports_nothing_of_sealedfiles() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SCRIPT)):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported == {"re", "shutil", "sys", "base64", "pathlib", "cryptography"}


def test_the_script_opens_the_test_vectors(tmp_path: Path) -> None:
    vectors = [one for file in VECTORS for one in json.loads(file.read_text())]
    keys = {key for one in vectors for key in one["keys"].values()}
    names = {}
    for number, one in enumerate(vectors):
        path = f"{number}/{one['file path']}"
        plain = one["plain"].encode() if "plain" in one else b64decode(one["plain base64"])
        if b"sealed:v1:" in plain:
            continue  # a text that was given with a token in it, which the script opens too
        names[path] = plain
        (tmp_path / "sealed" / path).parent.mkdir(parents=True)
        (tmp_path / "sealed" / path).write_bytes(one["sealed"].encode())
    lines = "".join(f"anything 2026-01-01T00:00:00Z {key}\n" for key in keys)
    done = run_script(tmp_path, lines.encode(), tmp_path / "sealed")
    assert done.stderr == ""
    for path, plain in names.items():
        assert (tmp_path / "plain" / path).read_bytes() == plain, path


def cached_keys(repo: Repo) -> bytes:
    """Return the keys that an unlocked clone has, by the command on the page."""
    follow("A lost key", repo)
    return (repo.path.parent / "keys.txt").read_bytes()


def test_a_clone_that_was_unlocked_opens_what_is_sealed(copy: Repo, tmp_path: Path) -> None:
    keys = cached_keys(copy)
    sealed = Person.at(tmp_path / "dora").clone(copy, tmp_path / "sealed")
    assert TOKEN.search(sealed.read(".env"))
    assert run_script(tmp_path, keys, sealed.path).stderr == ""
    expected = tracked(copy)
    assert {path: (tmp_path / "plain" / path).read_bytes() for path in expected} == expected


def test_what_was_damaged_or_has_no_key_stays_sealed_and_is_counted(
    copy: Repo, tmp_path: Path
) -> None:
    lines = cached_keys(copy).splitlines(keepends=True)
    sealed = copy.blob("HEAD", ".env").decode()
    token = TOKEN.search(sealed)
    assert token
    other = "A" if token["text"][0] != "A" else "B"
    damaged = sealed.replace(token["text"], other + token["text"][1:])
    (tmp_path / "sealed").mkdir()
    (tmp_path / "sealed/.env").write_text(damaged)
    done = run_script(tmp_path, lines[0], tmp_path / "sealed")
    plain = (tmp_path / "plain/.env").read_text()
    left = len(TOKEN.findall(plain))
    assert done.stderr == f"plain/.env: {left} tokens stay sealed\n"
    assert 1 < left < len(TOKEN.findall(sealed))
    assert other + token["text"][1:] in plain


def test_a_clone_that_was_unlocked_lets_a_new_key_in(copy: Repo, tmp_path: Path) -> None:
    copy = at_home_of_its_own(copy, tmp_path)
    copy.person.identities.unlink()
    public = copy.person.keygen()
    copy.sealedfiles("grant", "alice-2", public, "--to", "default", "--to", "production")
    copy.commit("a new key for alice")
    clone = copy.person.clone(copy, tmp_path / "clone")
    clone.sealedfiles("unlock")
    assert tracked(clone) == tracked(copy)


@pytest.mark.slow
def test_with_sealedfiles_the_recovery_key_gives_a_reader_a_new_key(
    repo: Repo, tmp_path: Path
) -> None:
    key = str(tmp_path / "recovery.txt")
    repo.sealedfiles("recovery-key", "--out", key)
    repo.commit("a recovery key")
    alice = Person.at(tmp_path / "alice")  # with a new computer
    clone = alice.clone(repo, tmp_path / "clone")
    text = section("With sealedfiles")
    public = alice.keygen()
    steps = block("With sealedfiles", "").replace("sealedfiles keygen\n", "")
    for step in (re.findall("`(sealedfiles unlock .*?)`", text)[0], steps):
        clone.raw("sh", "-euc", step.replace("age1pq1…", public).replace("recovery.txt", key))
    assert tracked(clone) == tracked(repo)
    again = alice.clone(clone, tmp_path / "again")
    again.sealedfiles("unlock")
    assert tracked(again) == tracked(repo)


def test_a_removed_folder_comes_back_from_history(copy: Repo, tmp_path: Path) -> None:
    before = copy.git("rev-parse", "HEAD:.sealedfiles")
    copy.git("rm", "-r", "--quiet", ".sealedfiles")
    copy.git("commit", "--quiet", "--message", "what is this?")
    follow(".sealedfiles/ was removed", copy)
    assert copy.git("rev-parse", "HEAD:.sealedfiles") == before
    copy.raw("rm", "-r", ".sealedfiles")
    assert "git checkout HEAD -- .sealedfiles" in section(".sealedfiles/ was removed")
    copy.git("checkout", "HEAD", "--", ".sealedfiles")
    assert copy.status() == []


def test_who_leaves_has_plaintext_in_git_and_nothing_of_sealedfiles(repo: Repo) -> None:
    follow("Stop using sealedfiles", repo)
    assert repo.texts() == FILES
    assert {path: repo.blob("HEAD", path).decode() for path in FILES} == FILES
    assert repo.status() == []
    assert not (repo.path / ".sealedfiles").exists()
    assert repo.git("config", "--get-regexp", "sealedfiles", code=None).split("\n")[:-1] in (
        [],
        ["sealedfiles.hooks false"],
    )


@pytest.mark.slow
def test_starting_over_leaves_room_for_new_values(repo: Repo, tmp_path: Path) -> None:
    alice = Person.at(tmp_path / "alice")
    clone = alice.clone(repo, tmp_path / "clone")
    start = "git rm -r --quiet .sealedfiles && rm -rf .git/sealedfiles\n   sealedfiles init --start-over"
    assert start in section("A lost key")
    clone.raw("sh", "-euc", start)
    clone.write(".env", "APP_NAME=orders\nDB_PASSWORD=s3cr3t-new\n")
    clone.commit("new values")
    assert SECRET.encode() not in clone.blob("HEAD", ".env")
    assert clone.sealedfiles("get", ".env", "DB_PASSWORD").strip() == "s3cr3t-new"
