"""Values that are written without reading (`set --group`), and a reader who accepts them."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest
from age.programs import on_terminal
from people import (
    ENV,
    FILES,
    JSON,
    PINS,
    SECRET,
    YAML,
    Person,
    Repo,
    assert_no_plaintext,
    every_file,
    program,
    tokens,
)

from sealedfiles import TamperedError, load, load_env
from sealedfiles.app.push.targets import read_source
from sealedfiles.app.workspace import workspace_at
from sealedfiles.keys.keyfile import GroupKey, parse_key_line
from sealedfiles.model.paths import key_step
from sealedfiles.model.token import file_id
from sealedfiles.model.unauthenticated import derive_public_key, write_unauthenticated

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.many_variants

NEW = "s3cr3t-new-pin"
WRITTEN = re.compile(r"sealed:v2:production:[a-z2-7]{16}:[A-Za-z0-9_-]{8}:[A-Za-z0-9_-]{1500,}")


@pytest.fixture
def alice(team: tuple[Repo, Repo]) -> Repo:
    """A reader of both groups."""
    return team[0]


@pytest.fixture
def bob(team: tuple[Repo, Repo]) -> Repo:
    """A reader of ``default``, whose clone is unlocked."""
    return team[1]


@pytest.fixture
def carol(origin: Path, tmp_path: Path) -> Repo:
    """Somebody without keys, and without the filter."""
    return Person.at(tmp_path / "carol").clone(origin, tmp_path / "carol's")


def fingerprint(alice: Repo, group: str = "production") -> str:
    """The fingerprint that a reader sees."""
    rows = json.loads(alice.sealedfiles("group", "keys", "--json"))["groups"]
    found = {row["group"]: row for row in rows}[group]
    assert found["is_verified"]
    return str(found["fingerprint"])


def write(
    writer: Repo, alice: Repo, path: str, key: str = "", value: str = NEW, code: int = 0
) -> None:
    """Write a value for ``production`` as somebody does who does not read it."""
    expected = f"production={fingerprint(alice)}"
    arguments = ("set", "--group", "production", "--expect-key", expected, path, key or PINS[path])
    writer.sealedfiles(*arguments, answers=value, code=code)


def hand_over(writer: Repo, alice: Repo) -> None:
    writer.commit("a new pin")
    writer.git("push", "--quiet", "origin", "main")
    alice.git("pull", "--quiet")


def written(text: str) -> list[str]:
    return WRITTEN.findall(text)


@every_file
@pytest.mark.parametrize("name", ["bob", "carol"])
def test_a_value_of_a_group_that_one_does_not_read(
    request: pytest.FixtureRequest, alice: Repo, path: str, name: str
) -> None:
    writer: Repo = request.getfixturevalue(name)
    before = writer.read(path)
    write(writer, alice, path)
    assert f": sealedfiles accept {path}\n" in writer.stderr
    assert len(written(writer.read(path))) == 1
    kept = [token for token in tokens(before) if token in writer.read(path)]
    assert len(kept) == len(tokens(before)) - 1, "no other value changed"
    hand_over(writer, alice)
    stored = alice.blob("HEAD", path).decode()
    token = written(stored)
    assert written(alice.read(path)) == token, "a checkout does not open it"
    assert NEW not in alice.read(path)

    alice.sealedfiles("accept", path, answers="y")
    assert f"{PINS[path]}: written for production without reading, added by commit" in alice.stderr
    assert writer.person.name in alice.stderr
    assert "it replaces a value that a reader had sealed" in alice.stderr
    assert NEW not in alice.stderr
    assert alice.sealedfiles("get", path, PINS[path]) == f"{NEW}\n"
    alice.commit("accept the pin")
    stored = alice.blob("HEAD", path).decode()
    assert not written(stored)
    assert "sealed:v2" not in stored
    assert alice.sealedfiles("get", path, PINS[path]) == f"{NEW}\n"
    plain = FILES[path].replace("s3cr3t-production", NEW)
    assert re.sub("['\"]", "", alice.read(path)) == re.sub("['\"]", "", plain)
    assert_no_plaintext(alice)
    assert_no_plaintext(writer)


@every_file
def test_a_value_in_a_copy_of_a_file_is_not_accepted(carol: Repo, alice: Repo, path: str) -> None:
    """Sealed with the file id of the original, it could be moved there."""
    copy = path.replace("app.", "copy.") if "app." in path else f"copy{path}"
    write(carol, alice, path)
    carol.write(copy, carol.read_bytes(path))
    carol.git("checkout", "--", path)
    hand_over(carol, alice)
    alice.sealedfiles("accept", copy, answers="y", code=4)
    assert f"{PINS[path]}: cannot be accepted: it was made for another file" in alice.stderr
    assert len(written(alice.read(copy))) == 1


@every_file
def test_no_command_uses_it_before(bob: Repo, alice: Repo, path: str) -> None:
    write(bob, alice, path)
    hand_over(bob, alice)
    for command in (
        ["get", path, PINS[path]],
        ["cat", path],
        ["cat", path, "--format", "json"],
        ["cat", path, "--format", "shell"],
        ["cat", path, "--allow-plaintext", "--allow-retired"],
        ["cat", path, "--group", "production"],
        ["run", "-f", path, "--", "env"],
        ["run", "-f", path, "--allow-plaintext", "--", "env"],
        ["run", "-f", path, "--group", "production", "--", "env"],
        ["unseal", path],
        ["export", "--to", "plain", "../exported", path],
    ):
        shown = alice.sealedfiles(*command, code=4)
        assert not (alice.path.parent / "exported" / path).exists()
        assert SECRET not in shown, command
        assert "not authenticated" in alice.stderr, command
        assert f"sealedfiles accept {path}" in alice.stderr, command


def test_the_value_of_a_group_of_others_is_carried_along(bob: Repo, alice: Repo) -> None:
    write(bob, alice, YAML)
    hand_over(bob, alice)
    alice.git("push", "--quiet", "origin", "main")
    shown = bob.sealedfiles("run", "-f", YAML, "--", "env")
    assert "DATABASE_USER=s3cr3t-user" in shown
    assert "PRODUCTION_PIN" not in shown
    assert "sealed:" not in shown
    assert len(written(bob.sealedfiles("cat", YAML))) == 1
    assert bob.sealedfiles("get", YAML, PINS[YAML], code=3) == ""
    assert "production" in bob.stderr
    bob.sealedfiles("accept", YAML, "--yes", code=4)
    assert "cannot be accepted: you do not read the group production" in bob.stderr


@pytest.mark.slow
def test_the_public_key_is_used_only_after_its_user_has_confirmed_it(
    bob: Repo, alice: Repo
) -> None:
    right = fingerprint(alice)
    command = ("set", "--group", "production", YAML, PINS[YAML])
    before = bob.read(YAML)
    bob.sealedfiles(*command, answers=NEW, code=1)
    assert f"the public key of the group production is {right}" in bob.stderr
    assert "no terminal to ask on" in bob.stderr
    wrong = right[:-1] + "ab"[right[-1] == "a"]
    bob.sealedfiles(*command, "--expect-key", f"production={wrong}", answers=NEW, code=4)
    bob.sealedfiles(*command, "--expect-key", right, answers=NEW, code=2)
    for other in (("set", YAML, PINS[YAML]), ("seal", YAML)):
        bob.sealedfiles(*other, "--expect-key", f"production={right}", answers=NEW, code=2)
        assert "--expect-key needs --group" in bob.stderr
    assert bob.read(YAML) == before

    at_terminal(bob, *command, ("Is it the same?", "no"), code=1)
    assert bob.read(YAML) == before
    shown = at_terminal(bob, *command, ("Is it the same?", "yes"), ("value of", NEW))
    assert right in shown
    assert len(written(bob.read(YAML))) == 1
    bob.sealedfiles(*command, answers=NEW)
    assert "the public key" not in bob.stderr, "it is remembered"

    alice.sealedfiles("rotate", "production")
    alice.commit("a new key")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("checkout", "--quiet", ".")
    bob.git("pull", "--quiet")
    bob.sealedfiles(*command, answers=NEW, code=1)
    assert f"has changed; you have confirmed {right}" in bob.stderr
    assert fingerprint(alice) in bob.stderr


def at_terminal(repo: Repo, *command: str | tuple[str, str], code: int = 0) -> str:
    """Run a command at a terminal, where the pairs of *command* are the answers."""
    arguments = [one for one in command if isinstance(one, str)]
    answers = [one for one in command if not isinstance(one, str)]
    variables = [f"{name}={value}" for name, value in repo.person.environment().items()]
    change = ["/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(repo.path)]
    status, shown = on_terminal(["env", "-i", *variables, *change, *program(), *arguments], answers)
    assert status == code, shown
    return shown


def test_a_pushed_public_key_is_refused(bob: Repo, alice: Repo) -> None:
    """Somebody who can push puts a key of their own in the place of the group's."""
    right = fingerprint(alice)
    file = ".sealedfiles/keys/production/epochs"
    line = alice.read(file).split(" ")
    other = derive_public_key(b"mallory's key of 32 bytes......").text
    bob.write(file, " ".join([*line[:4], other, line[5]]))
    command = ("set", "--group", "production", YAML, PINS[YAML])
    before = bob.read(YAML)
    bob.sealedfiles(*command, "--expect-key", f"production={right}", answers=NEW, code=4)
    assert f"and not the expected {right}" in bob.stderr
    assert bob.read(YAML) == before
    rows = json.loads(bob.sealedfiles("group", "keys", "--json"))["groups"]
    assert {row["group"]: row["is_verified"] for row in rows} == {
        "default": True,
        "production": False,
    }
    for public, code in (("", 4), ("AAAA", 4), ("-", 2)):
        bob.write(file, " ".join([*line[:4], public, line[5]]))
        bob.sealedfiles(*command, "--expect-key", f"production={right}", answers=NEW, code=code)
        bob.sealedfiles("group", "keys", code=4 if code == 4 else 0)
    alice.write(file, " ".join([*line[:4], other, line[5]]))
    alice.sealedfiles("group", "keys", code=4)
    assert other not in alice.stderr


@pytest.mark.slow
@pytest.mark.parametrize("path", [YAML])
def test_tokens_that_do_not_belong_there_are_refused(alice: Repo, path: str) -> None:
    """Copied to another key path, another file, another group; damaged; under a retired key; huge."""
    key = alice_key(alice)
    identifier = tokens(alice.blob("HEAD", path).decode())[0].split(":")[4]
    pin, user = key_path("production", "pin"), key_path("database", "user")

    def token(
        place: bytes, group: str = "production", name: str = key.key_id, file: str = identifier
    ) -> str:
        prefix = f"sealed:v2:{group}:{name}:{file}:"
        return write_unauthenticated(derive_public_key(key.secret), prefix, place, b"'x'")

    good = token(pin)
    damaged = "the token is damaged, or was made for another key path, file or group"
    changed = "its quotes or its anchor were changed"
    cases = [
        (damaged, f'"{token(user)}"'),
        (damaged, f'"{token(pin, "default").replace(":default:", ":production:")}"'),
        (damaged, f'"{good[:-4]}"'),
        (damaged, f'"{good[: good.rindex(":") + 1]}{"A" * 64}"'),
        ("it was written for the group default", f'"{token(pin, "default")}"'),
        ("the group production never had the key", f'"{token(pin, name="a" * 16)}"'),
        ("it was made for another file", f'"{token(pin, file=file_id(JSON.encode()))}"'),
        ("the token is longer than", f'"{good + "A" * 1_500_000}"'),
        (changed, f'!!str "{good}"'),
        (changed, f'"\\x73{good[1:]}"'),
    ]
    plain = alice.read(path)
    for said, made in cases:
        alice.write(path, plain.replace("'s3cr3t-production'", made))
        alice.sealedfiles("accept", path, "--yes", code=4)
        assert f"cannot be accepted: {said}" in alice.stderr
        assert made in alice.read(path), "nothing was changed"
    for made in (f"x # {good}", f'"x {good}"'):
        alice.write(path, plain.replace("'s3cr3t-production'", made))
        alice.sealedfiles("accept", path, "--yes")
        assert "nothing to do" in alice.stderr
    alice.write(path, plain.replace("'s3cr3t-production'", f'"{good}"'))
    alice.sealedfiles("accept", path, "--yes")
    assert "pin: 'x'" in alice.read(path)


def alice_key(alice: Repo) -> GroupKey:
    lines = (alice.path / ".git/sealedfiles/keys").read_text().split("\n")
    return parse_key_line(next(line for line in lines if "production" in line).split(" ", 1)[1])


def key_path(*steps: str) -> bytes:
    return b"".join(map(key_step, steps))


def test_a_literal_cannot_change_the_text_around_it(alice: Repo) -> None:
    key = alice_key(alice)
    identifier = tokens(alice.blob("HEAD", YAML).decode())[0].split(":")[4]
    prefix = f"sealed:v2:production:{key.key_id}:{identifier}:"
    plain = alice.read(YAML)
    public = derive_public_key(key.secret)
    for literal in (
        tokens(alice.blob("HEAD", YAML).decode())[0].encode(),
        b'"\\\\u0073%b"' % tokens(alice.blob("HEAD", YAML).decode())[0][1:].encode(),
        b"x\n  admin: true",
        b"",
        b"{a: 1}",
        b"x # y",
        b"&a x",
        b"[",
        b"\xff",
        b"x ",
    ):
        made = write_unauthenticated(public, prefix, key_path("production", "pin"), literal)
        text = plain.replace("'s3cr3t-production'", f'"{made}"')
        alice.write(YAML, text)
        alice.sealedfiles("accept", YAML, "--yes", code=4)
        assert alice.read(YAML) == text, literal


@pytest.mark.slow
def test_after_a_rotation_it_is_accepted_and_after_a_revocation_it_is_not(
    bob: Repo, alice: Repo
) -> None:
    write(bob, alice, YAML)
    hand_over(bob, alice)
    alice.sealedfiles("rotate", "production")
    alice.commit("rotate")
    alice.sealedfiles("accept", YAML, PINS[YAML], "--yes")
    assert alice.sealedfiles("get", YAML, PINS[YAML]) == f"{NEW}\n"
    alice.git("checkout", "--quiet", ".")

    dave = Person.at(alice.path.parent / "dave").keygen()
    alice.sealedfiles("grant", "dave", dave, "--to", "production")
    alice.commit("grant")
    alice.sealedfiles("revoke", "dave")
    assert f"{YAML}: 1 value written by a non-reader for a key that is retired now" in alice.stderr
    alice.commit("revoke")
    alice.sealedfiles("accept", YAML, "--yes", code=4)
    assert "its key was retired" in alice.stderr
    assert "unauthenticated" in alice.sealedfiles("check", "--json", code=None)
    write(bob, alice, YAML, code=4)  # bob has not pulled the new key


@pytest.mark.slow
def test_a_public_key_that_a_removed_reader_restored_is_refused(alice: Repo, bob: Repo) -> None:
    dave = Person.at(alice.path.parent / "dave").keygen()
    alice.sealedfiles("grant", "dave", dave, "--to", "production")
    known = alice.commit("grant")
    right = fingerprint(alice)
    alice.sealedfiles("revoke", "dave")
    alice.commit("revoke")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet")
    bob.git("checkout", "--quiet", known, "--", ".sealedfiles/keys/production")
    command = ("set", "--group", "production", "--expect-key", f"production={right}")
    for _ in range(2):
        before = bob.read(YAML)
        bob.sealedfiles(*command, YAML, PINS[YAML], answers=NEW, code=4)
        assert "the keys of the group production lack a revocation" in bob.stderr
        assert bob.read(YAML) == before
        bob.git("commit", "--quiet", "--no-verify", "--message", "restore keys", code=None)
    bob.git("reset", "--quiet", "--hard", known)  # as after a force push
    bob.sealedfiles(*command, YAML, PINS[YAML], answers=NEW, code=4)
    assert "sealedfiles sync --forget production" in bob.stderr
    bob.sealedfiles("sync", "--forget", "production", "--yes")
    bob.sealedfiles(*command, YAML, PINS[YAML], answers=NEW)


@pytest.mark.slow
def test_status_and_check_show_it(bob: Repo, alice: Repo) -> None:
    write(bob, alice, YAML)
    bob.git("add", YAML)
    bob.sealedfiles("hook", "run", "pre-commit")
    hand_over(bob, alice)
    assert f"partly open  {YAML}  1 not authenticated" in alice.sealedfiles("status")
    assert f"sealedfiles accept {YAML}" in alice.stderr
    rows = json.loads(alice.sealedfiles("status", "--json"))["files"]
    assert {row["path"]: row["unauthenticated"] for row in rows} == {ENV: 0, JSON: 0, YAML: 1}
    found = alice.sealedfiles("check")
    said = "warning: written by a non-reader for production, not authenticated"
    assert f"{PINS[YAML]}: {said} [unauthenticated]" in found
    rows = json.loads(alice.sealedfiles("accept", YAML, "--json", "--show"))["values"]
    assert rows[0]["value"] == NEW
    assert rows[0]["source"] == f"'{NEW}'".replace("'", '"')
    who = json.loads(alice.sealedfiles("who", YAML, PINS[YAML], "--json"))["values"]
    assert [(one["state"], one["groups"]) for one in who] == [("sealed", ["production"])]
    assert PINS[YAML] not in alice.sealedfiles("exposure", "--history", code=None)
    assert PINS[YAML] in alice.sealedfiles("status", "--age")
    alice.sealedfiles("status", "--fix", "--yes")
    assert written(alice.blob("", YAML).decode())
    assert rows[0]["replaces"]
    assert not rows[0]["accepted"]
    assert rows[0]["commit"]["author"] == "bob"
    assert len(written(alice.read(YAML))) == 1, "without --yes, --json changes nothing"
    alice.sealedfiles("accept", YAML, answers="n", code=1)
    alice.sealedfiles("accept", YAML, code=2)
    assert "no terminal to ask on" in alice.stderr
    alice.sealedfiles("accept", YAML, "database.user", code=2)
    rows = json.loads(alice.sealedfiles("accept", YAML, "--json", "--yes"))["values"]
    assert rows[0]["accepted"]
    assert "value" not in rows[0]
    assert alice.sealedfiles("accept", YAML) == ""
    assert "nothing to do" in alice.stderr


def test_an_accepted_value_is_never_replaced_silently(bob: Repo, alice: Repo) -> None:
    """Not even if one commit deletes it, and another adds the new one."""
    text = bob.read(YAML)
    line = next(one for one in text.split("\n") if "pin:" in one)
    bob.write(YAML, text.replace(line + "\n", ""))
    bob.commit("remove the pin")
    write(bob, alice, YAML)
    write(bob, alice, YAML, "production.new")
    hand_over(bob, alice)
    rows = json.loads(alice.sealedfiles("accept", YAML, "--json"))["values"]
    assert {row["key"]: row["replaces"] for row in rows} == {
        "production.new": False,
        "production.pin": True,
    }


@every_file
def test_a_new_file_is_sealed_in_a_clone_without_keys(carol: Repo, alice: Repo, path: str) -> None:
    name = {ENV: "new.env", JSON: "config/new.json", YAML: "secrets/new.yaml"}[path]
    expected = [f"--expect-key={group}={fingerprint(alice, group)}" for group in GROUPS]
    carol.write(name, FILES[path])
    carol.sealedfiles("seal", "--group", "production", *expected, name, code=3)
    carol.write(name, FILES[path])
    groups = ("--group", "production", "--group", "default")
    carol.sealedfiles("seal", *groups, *expected, name)
    assert "written without reading" in carol.stderr
    assert SECRET not in carol.read(name)
    hand_over(carol, alice)
    alice.sealedfiles("accept", name, "--yes")
    assert alice.read(name) == FILES[path]
    alice.commit("accept")
    assert "sealed:v2" not in alice.blob("HEAD", name).decode()
    assert len(alice.tokens("HEAD", name)) == len(alice.tokens("HEAD", path))
    assert_no_plaintext(alice)


GROUPS = ("default", "production")


@pytest.mark.slow
def test_what_cannot_be_written_without_reading(bob: Repo, alice: Repo) -> None:
    right = f"--expect-key=production={fingerprint(alice)}"
    before = bob.read(YAML)
    for arguments, said in (
        (("production", YAML, "database.user", "--value", "x"), "assigns database.user to default"),
        (("production", YAML, "service.name", "--value", "x"), "leaves service.name in plaintext"),
        (("nobody", YAML, PINS[YAML], "--value", "x"), "the group nobody does not exist"),
        (("default", YAML, PINS[YAML], "--value", "x"), "assigns production.pin to production"),
        (("production", YAML, PINS[YAML], "--json", "--value", "[1]"), "is a mapping or list"),
        (("production", ENV, PINS[ENV], "--value", ""), "is empty"),
        (("production", YAML, PINS[YAML], "--value", "only for those on call"), "a comment has"),
    ):
        bob.sealedfiles("set", right, "--group", *arguments, code=2)
        assert said in bob.stderr
    assert bob.read(YAML) == before
    bob.edit(YAML, "\nproduction:\n", "\nproduction:\n  other: s3cr3t-typed\n")
    bob.git("add", YAML, code=None)
    assert "sealedfiles set --group production" in bob.stderr
    alice.sealedfiles("set", "--group", "production", YAML, PINS[YAML], answers=NEW)
    assert alice.sealedfiles("get", YAML, PINS[YAML]) == f"{NEW}\n", "a reader seals as usual"
    alice.sealedfiles("set", "--group", "default", YAML, PINS[YAML], answers="x", code=2)


def test_writing_without_reading_is_not_advised_where_the_group_is_missing(repo: Repo) -> None:
    repo.git("rm", "-r", "--quiet", ".sealedfiles")
    repo.git("commit", "--quiet", "--no-verify", "--message", "gone")
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.git("add", YAML, code=128)
    assert "restore it: git checkout" in repo.stderr
    assert "set --group" not in repo.stderr


def test_python_and_push_refuse_it(bob: Repo, alice: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    write(bob, alice, YAML)
    write(bob, alice, ENV)
    hand_over(bob, alice)
    for name, value in alice.person.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(alice.path)
    with pytest.raises(TamperedError, match="not authenticated"):
        load(YAML)
    with pytest.raises(TamperedError, match="not authenticated"):
        load(YAML, sealed="omit", allow_plaintext=True)
    with pytest.raises(TamperedError, match="not authenticated"):
        load_env(ENV)
    assert "PROD_PIN" not in os.environ
    workspace = workspace_at(alice.path)
    with pytest.raises(TamperedError, match="not authenticated"):
        read_source(workspace, YAML)
    monkeypatch.chdir(bob.path)
    for name, value in bob.person.environment().items():
        monkeypatch.setenv(name, value)
    bob.git("pull", "--quiet")
    assert "production" not in str(load(YAML, sealed="omit")).replace("'production': {}", "")


@pytest.mark.slow
def test_a_group_with_such_values_is_not_deleted_and_diff_shows_a_token(
    bob: Repo, alice: Repo
) -> None:
    write(bob, alice, YAML)
    assert PINS[YAML] in bob.sealedfiles("diff", "--show")
    assert NEW not in bob.sealedfiles("diff", "--show")
    hand_over(bob, alice)
    rows = json.loads(alice.sealedfiles("group", "list", "--json"))["groups"]
    assert {row["group"]: row["files"] for row in rows}["production"] == 3
    text = alice.read(".sealedfiles/policy.yaml")
    alice.write(".sealedfiles/policy.yaml", text.replace("group: production", "group: default"))
    alice.sealedfiles("trust", "policy", "--yes")
    for path in (ENV, JSON):
        alice.sealedfiles("reseal", path, "--yes")
    alice.commit("no rule names it")
    alice.sealedfiles("group", "delete", "production", "--yes", code=2)
    assert YAML in alice.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "text", "key"),
    [
        (
            "config/app.toml",
            'a = "s3cr3t-a"\n[production]\npin = "s3cr3t-pin" # a comment\n',
            "production.pin",
        ),
        (
            "config/app.ndjson",
            '{"a": "s3cr3t-a", "production": {"pin": "s3cr3t-pin"}}\n{"a": 1}\n',
            "[0].production.pin",
        ),
        (
            "config/app.properties",
            "a=s3cr3t-a\nPIN = s3cr3t-pin\n# about\n",
            "PIN",
        ),
    ],
    ids=["toml", "ndjson", "properties"],
)
def test_in_formats_that_came_later(bob: Repo, alice: Repo, path: str, text: str, key: str) -> None:
    values = "PIN" if key == "PIN" else "production.**"
    alice.sealedfiles("track", path, "--values", values, "--group", "production")
    alice.write(path, text)
    alice.commit("a file")
    alice.git("push", "--quiet", "origin", "main")
    bob.git("pull", "--quiet")
    write(bob, alice, path, key)
    hand_over(bob, alice)
    assert len(written(alice.blob("HEAD", path).decode())) == 1
    alice.sealedfiles("cat", path, code=4)
    alice.sealedfiles("accept", path, "--yes")
    assert "it replaces a value that a reader had sealed" in alice.stderr
    assert alice.read(path) == text.replace("s3cr3t-pin", NEW)
    alice.commit("accept")
    assert "sealed:v2" not in alice.blob("HEAD", path).decode()
    assert alice.sealedfiles("get", path, key) == f"{NEW}\n"
