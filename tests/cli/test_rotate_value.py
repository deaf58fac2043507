"""`sealedfiles rotate-value`: a value changes at its provider and in its file, or can still do so."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import services
from people import (
    ENV,
    FILES,
    JSON,
    SECRET,
    YAML,
    Person,
    Repo,
    assert_no_plaintext,
    assert_one_token_changed,
    commit_blob,
    every_file,
    forge_user,
    program,
)
from postgres import postgres

if TYPE_CHECKING:
    from conftest import World

PASSWORD = {ENV: "DB_PASSWORD", JSON: "database.password", YAML: "database.password"}
OLD = "s3cr3t-db-alpha"
POLICY = ".sealedfiles/policy.yaml"

on_unix = pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a Unix shell")
pytestmark = on_unix

PROVIDER = """
import json, os, sys
folder = sys.argv[1]
text = sys.stdin.read()
with open(folder + "/calls", "a") as file:
    file.write(text)
with open(folder + "/seen", "ab") as file:
    for name in ("cmdline", "environ"):
        for process in (os.getpid(), os.getppid()):
            file.write(open(f"/proc/{process}/{name}", "rb").read())
with open(folder + "/value", "w") as file:
    file.write(json.loads(text).get("new", ""))
"""
"""Stores the new value, as the system does that checks it, and what others can see of the processes."""


@dataclass
class Provider:
    """The system that checks a value, and the command line that changes the value there."""

    folder: Path

    def command(self, after: str = "") -> str:
        """Return the command line; *after* are shell statements that follow."""
        script = self.folder / "provider.py"
        script.write_text(PROVIDER)
        line = shlex.join([sys.executable, str(script), str(self.folder)])
        return f"{line} || exit; {after}" if after else line

    @property
    def value(self) -> str:
        return (self.folder / "value").read_text()

    @property
    def calls(self) -> list[dict[str, object]]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def seen(self) -> bytes:
        return (self.folder / "seen").read_bytes()


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    folder = tmp_path / "the provider"
    folder.mkdir()
    return Provider(folder)


def get(repo: Repo, path: str, key: str) -> str:
    return repo.sealedfiles("get", "-n", path, key)


def records(repo: Repo) -> list[Path]:
    return sorted((repo.path / ".git/sealedfiles/rotations").glob("*.json"))


def rotate(repo: Repo, path: str, *options: str, code: int | None = 0) -> str:
    return repo.sealedfiles("rotate-value", path, PASSWORD[path], *options, code=code)


# -- a value that only the file has


@every_file
def test_a_new_value_is_staged_and_nothing_else(repo: Repo, path: str) -> None:
    others = [other for other in FILES if other != path]
    repo.edit(others[0], "cache-alpha", "cache-beta")
    repo.edit(others[1], "cache-alpha", "cache-beta")
    repo.git("add", others[1])
    before = repo.tokens("", path)
    assert rotate(repo, path, "--generate", "hex:32") == ""
    assert f"{path}: {PASSWORD[path]}: rotated; staged" in repo.stderr
    new = get(repo, path, PASSWORD[path])
    assert re.fullmatch("[0-9a-f]{64}", new)
    assert new not in repo.stderr
    assert_one_token_changed(before, repo.tokens("", path))
    assert sorted(repo.status()) == sorted([f" M {others[0]}", f"M  {others[1]}", f"M  {path}"])
    assert records(repo) == []
    assert_no_plaintext(repo, new)


@pytest.mark.slow
def test_the_file_may_be_sealed_on_disk(repo: Repo) -> None:
    for state in ("lock", "unlock"):
        repo.sealedfiles(state)
        repo.sealedfiles("seal", YAML)
        rotate(repo, YAML, "--generate", "hex:32")
        assert SECRET not in repo.read(YAML)
        assert repo.read(YAML).encode() == repo.blob("", YAML)
        assert repo.status() == [f"M  {YAML}"]
        repo.commit("rotated")


def test_a_file_with_other_changes_is_not_staged(repo: Repo) -> None:
    repo.edit(YAML, "cache-alpha", "cache-beta")
    rotate(repo, YAML, "--generate", "uuid")
    assert "not staged, because the file has other changes" in repo.stderr
    assert repo.status() == [f" M {YAML}"]


def test_without_the_filter_no_plaintext_is_staged(repo: Repo) -> None:
    """`git add` would store the file as it is."""
    repo.git("config", "--remove-section", "filter.sealedfiles")
    repo.sealedfiles("unseal", YAML)
    rotate(repo, YAML, "--generate", "uuid")
    new = get(repo, YAML, PASSWORD[YAML])
    assert SECRET.encode() not in repo.blob("", YAML)
    assert new.encode() not in repo.blob("", YAML)


def test_the_public_key_is_printed(repo: Repo) -> None:
    public = rotate(repo, YAML, "--generate", "age")
    assert re.fullmatch(r"age1pq1[0-9a-z]+\n", public)
    assert get(repo, YAML, PASSWORD[YAML]).startswith("AGE-SECRET-KEY-PQ-1")


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((YAML, "database.pasword", "--generate", "uuid"), "there is nothing at database.pasword"),
        ((YAML, "database", "--generate", "uuid"), "database is a mapping"),
        ((YAML, ".", "--generate", "uuid"), "the path of one value is needed"),
        (
            (YAML, "service.name", "--generate", "uuid"),
            "the policy leaves service.name in plaintext",
        ),
        ((YAML, "database.password", "--generate", "hex"), "--generate must be hex:32"),
        ((YAML, "database.password"), "the policy does not say how to generate it"),
        ((YAML, "database.password", "--previous", "--finish"), "allow only FILE and KEY"),
        ((YAML, "database.password", "--due"), "exclude each other"),
        ((YAML,), "give FILE and KEY"),
        (("--generate", "uuid"), "give FILE and KEY"),
        (("--due", "--generate", "uuid"), "only the policy says"),
        (("--exposed", "No One"), "No One"),
        ((YAML, "database.password", "--finish"), "there is no unfinished rotation"),
        ((YAML, "database.password", "--discard"), "there is no unfinished rotation"),
        (
            (YAML, "database.password", "--drop-previous"),
            "there is nothing at database.password_PREVIOUS",
        ),
        ((YAML, "api.token", "--generate", "uuid"), "is a reference to a secret in another place"),
        ((YAML, "api.scopes[0]", "--generate", "uuid", "--previous"), "is an item of a list"),
    ],
)
def test_other_calls_are_refused_and_change_nothing(
    repo: Repo, arguments: tuple[str, ...], words: str
) -> None:
    repo.sealedfiles("set", YAML, "api.token", answers="ref+vault://secret/s3cr3t#token")
    repo.commit("a reference")
    repo.sealedfiles("rotate-value", *arguments, code=2)
    assert words in repo.stderr
    assert repo.status() == []


# -- a value that a provider has, too


@every_file
def test_the_provider_gets_both_values_on_stdin_only(
    repo: Repo, provider: Provider, path: str
) -> None:
    rotate(repo, path, "--generate", "password:24", "--with", provider.command())
    new = get(repo, path, PASSWORD[path])
    assert provider.calls == [
        {"version": 1, "file": path, "key": PASSWORD[path], "old": OLD, "new": new}
    ]
    assert b"provider.py" in provider.seen
    for secret in (OLD, new):
        assert secret.encode() not in provider.seen
    assert records(repo) == []
    assert repo.status() == [f"M  {path}"]
    assert_no_plaintext(repo, new)


def test_the_provider_gets_the_public_key_of_a_key_pair(repo: Repo, provider: Provider) -> None:
    public = rotate(repo, YAML, "--generate", "ed25519", "--with", provider.command())
    (call,) = provider.calls
    assert f"{call['public']}\n" == public
    assert call["new"] == get(repo, YAML, PASSWORD[YAML])


@every_file
def test_the_command_may_make_the_value(repo: Repo, path: str) -> None:
    rotate(repo, path, "--with", "cat >/dev/null; echo 's3cr3t-from \"there\"'; echo note >&2")
    assert "note\n" in repo.stderr
    assert get(repo, path, PASSWORD[path]) == 's3cr3t-from "there"'
    assert records(repo) == []


def test_a_command_that_reads_nothing_does_not_hang(repo: Repo) -> None:
    repo.sealedfiles("set", YAML, "database.password", answers="s3cr3t-" + "x" * 300_000)
    rotate(repo, YAML, "--with", "echo s3cr3t-new")
    assert get(repo, YAML, PASSWORD[YAML]) == "s3cr3t-new"


def test_values_in_the_output_of_the_command_are_masked(repo: Repo) -> None:
    rotate(repo, YAML, "--generate", "hex:32", "--with", "tee /dev/stderr")
    stderr = repo.stderr
    assert get(repo, YAML, PASSWORD[YAML]) not in stderr
    assert OLD not in stderr
    assert stderr.count("•••") == 4, "both streams, both values"


@pytest.mark.parametrize(
    ("end", "words"),
    [("exit 7", "failed with exit status 7"), ("kill -9 $$", "was ended by signal 9")],
)
def test_a_failed_command_changes_nothing_and_the_next_one_gets_the_same_value(
    repo: Repo, provider: Provider, end: str, words: str
) -> None:
    rotate(
        repo, YAML, "--generate", "hex:32", "--previous", "--with", provider.command(end), code=1
    )
    assert f"the command {words}, and the file was not changed" in repo.stderr
    assert repo.status() == []
    (record,) = records(repo)
    assert record.stat().st_mode & 0o777 == 0o600
    assert provider.value not in record.read_text()
    assert OLD not in record.read_text()
    assert rotate(repo, YAML, "--print") == f"{provider.value}\n"
    (row,) = json.loads(repo.sealedfiles("rotate-value", "--json"))["unfinished"]
    assert (row["path"], row["key"], row["handed_over"]) == (YAML, PASSWORD[YAML], False)
    # Another value now would make the provider's unknown.
    rotate(repo, YAML, "--generate", "hex:32", code=1)
    assert "it is unknown whether the provider has the new value" in repo.stderr
    rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command())
    assert "finished the rotation; staged" in repo.stderr
    first, second = provider.calls
    assert first == second
    assert get(repo, YAML, PASSWORD[YAML]) == first["new"]
    assert get(repo, YAML, "database.password_PREVIOUS") == OLD
    assert records(repo) == []


def test_the_user_may_decide_what_became_of_a_value(repo: Repo, provider: Provider) -> None:
    for action, kept in (("--finish", True), ("--discard", False)):
        before = get(repo, YAML, PASSWORD[YAML])
        rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command("exit 1"), code=1)
        rotate(repo, YAML, action)
        assert get(repo, YAML, PASSWORD[YAML]) == (provider.value if kept else before)
        assert records(repo) == []
        assert "no unfinished rotations" in repo.sealedfiles("rotate-value") + repo.stderr


def test_what_a_failed_command_printed_is_kept(repo: Repo) -> None:
    rotate(repo, YAML, "--with", "echo s3cr3t-new; exit 1", code=1)
    assert rotate(repo, YAML, "--print") == "s3cr3t-new\n"
    rotate(repo, YAML, "--with", "exit 1", code=1)
    rotate(repo, YAML, "--with", "true", code=1)
    assert "the command printed no value, and the file was not changed" in repo.stderr
    rotate(repo, YAML, "--finish")
    assert get(repo, YAML, PASSWORD[YAML]) == "s3cr3t-new"


def test_a_command_that_prints_nothing_leaves_nothing(repo: Repo) -> None:
    rotate(repo, YAML, "--with", "true", code=1)
    assert records(repo) == []
    assert repo.status() == []


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("spoil", "repair"),
    [
        ("printf '\\n:\\n\\t- [' >> {file}", "git checkout -q -- {file}"),
        ("rm {file}", "git checkout -q -- {file}"),
        ("touch .git/index.lock", "rm .git/index.lock"),
        ("sed -i 's/production[.]/database./' {policy}", "git checkout -q -- {policy}"),
    ],
    ids=["the file does not parse", "the file is gone", "the index is locked", "policy"],
)
@pytest.mark.parametrize("makes", [False, True], ids=["generated", "made by the command"])
def test_a_value_that_the_provider_has_is_not_lost(
    repo: Repo, provider: Provider, spoil: str, repair: str, makes: bool
) -> None:
    """The file cannot be written, or not staged, after the command has ended well."""
    end = spoil.format(file=YAML, policy=POLICY)
    value = shlex.quote(str(provider.folder / "value"))
    made = "--with", f"echo s3cr3t-made | tee {value}; {end}"
    given = "--generate", "hex:32", "--with", provider.command(end)
    how: tuple[str, ...] = made if makes else given
    rotate(repo, YAML, *how, code=1)
    assert "has the new value, but it could not be written" in repo.stderr
    new = provider.value.removesuffix("\n")
    assert new not in repo.stderr
    assert len(records(repo)) == 1
    repo.raw("sh", "-c", repair.format(file=YAML, policy=POLICY))
    rotate(repo, YAML, *how[:-1], "echo again >&2; exit 1")
    assert "finished the rotation; staged" in repo.stderr
    assert "again" not in repo.stderr, "the provider has it already"
    assert get(repo, YAML, PASSWORD[YAML]) == new
    assert repo.status() == [f"M  {YAML}"]
    assert records(repo) == []


def test_if_the_value_cannot_be_kept_either_its_sealed_form_is_printed(
    repo: Repo, provider: Provider
) -> None:
    folder = ".git/sealedfiles/rotations"
    end = f"rm -r {folder}; touch {folder}; printf '\\n:\\n\\t- [' >> {YAML}"
    rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command(end), code=1)
    assert provider.value not in repo.stderr
    (file,) = re.findall("hint: .* write this line, which is sealed, to (.*)", repo.stderr)
    (line,) = re.findall(r"hint: (\{.*\})", repo.stderr)
    (repo.path / folder).unlink()
    (repo.path / folder).mkdir()
    Path(file).write_text(line)
    repo.git("checkout", "--quiet", "--", YAML)
    rotate(repo, YAML, "--generate", "hex:32", "--with", "false")
    assert get(repo, YAML, PASSWORD[YAML]) == provider.value


def test_a_command_cannot_make_a_token(repo: Repo) -> None:
    rotate(repo, YAML, "--with", f"echo {repo.tokens('', YAML)[0]}", code=1)
    assert "the value contains a sealed value" in repo.stderr
    assert repo.status() == []
    rotate(repo, YAML, "--discard")


def test_a_value_that_the_file_cannot_have_is_kept_for_the_user(repo: Repo) -> None:
    rotate(repo, YAML, "--with", r"printf 's3cr3t-\377'", code=1)
    assert "encode it in base64" in repo.stderr
    assert repo.raw(*program(), "rotate-value", YAML, PASSWORD[YAML], "--print") == b"s3cr3t-\xff\n"


def test_a_value_that_somebody_else_changed_meanwhile_is_not_overwritten(
    repo: Repo, provider: Provider
) -> None:
    edit = f"sed -i s/db-alpha/db-gamma/ {YAML}"
    rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command(edit), code=1)
    assert "was changed meanwhile, and was not overwritten" in repo.stderr
    rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command(), code=1)
    assert "began with another value than the file has now" in repo.stderr
    assert len(provider.calls) == 1
    rotate(repo, YAML, "--finish")
    assert get(repo, YAML, PASSWORD[YAML]) == provider.value


def test_other_changes_of_the_file_meanwhile_stay(repo: Repo, provider: Provider) -> None:
    edit = f"sed -i s/cache-alpha/cache-beta/ {YAML}"
    rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command(edit))
    assert "cache-beta" in repo.read(YAML)
    assert repo.status() == [f" M {YAML}"], "they are not ours to stage"


def test_nothing_is_handed_over_that_could_not_be_written(repo: Repo, provider: Provider) -> None:
    repo.write(".git/index.lock", "")
    rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command(), code=1)
    assert "the index is locked" in repo.stderr
    (repo.path / ".git/index.lock").unlink()
    repo.write(POLICY, repo.read(POLICY).replace("production.**", "'**'"))
    rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command(), code=1)
    assert "sealedfiles trust policy" in repo.stderr
    assert provider.calls == []
    assert records(repo) == []


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_a_value_of_another_group_is_not_rotated(repo: Repo, provider: Provider) -> None:
    how = ("--generate", "hex:32", "--with", provider.command())
    repo.sealedfiles("rotate-value", YAML, "production.pin", *how, code=3)
    assert provider.calls == []


def test_a_value_that_was_pushed_in_plaintext_is_not_given_out(
    repo: Repo, provider: Provider
) -> None:
    commit_blob(repo, YAML, forge_user(repo.blob("", YAML).decode()))
    for more in (("--with", provider.command()), ("--previous",)):
        how = ("--generate", "hex:32", *more)
        repo.sealedfiles("rotate-value", YAML, "database.user", *how, code=4)
    assert provider.calls == []
    assert repo.status() == []


def test_two_rotations_do_not_run_at_once(repo: Repo) -> None:
    inner = shlex.join([*program(), "rotate-value", ENV, "DB_PASSWORD", "--generate", "uuid"])
    rotate(repo, YAML, "--generate", "uuid", "--with", f"cat >/dev/null; {inner}; test $? = 1")
    assert "another command rotates a value in this clone" in repo.stderr
    assert get(repo, ENV, "DB_PASSWORD") == OLD


def test_the_command_may_use_other_commands_of_the_clone(repo: Repo) -> None:
    """`rotate-value` holds no lock that they wait for."""
    inner = shlex.join([*program(), "rotate", "default"])
    rotate(repo, YAML, "--generate", "hex:32", "--with", f"cat >/dev/null; {inner}")
    key = re.search(r"sealed:v1:default:(\w+)", repo.blob("", YAML).decode())
    assert key
    epochs = repo.read(".sealedfiles/keys/default/epochs").splitlines()
    assert epochs[-1].startswith(key[1]), "it is sealed with the new key"
    assert "is older" not in repo.stderr


def test_an_unfinished_rotation_is_not_forgotten(repo: Repo, provider: Provider) -> None:
    how = ("--generate", "hex:32", "--with", provider.command("exit 1"))
    rotate(repo, YAML, *how, code=1)
    checks = json.loads(repo.sealedfiles("doctor", "--json", code=None))["checks"]
    (found,) = (one for one in checks if one["name"] == "rotations")
    assert (found["severity"], found["fix"]) == ("warning", "sealedfiles rotate-value")
    assert f"{YAML}: database.password" in found["message"]
    repo.sealedfiles("deinit", code=1)
    assert "the new values of 1 rotation are only here" in repo.stderr
    assert len(records(repo)) == 1
    repo.sealedfiles("deinit", "--force")
    assert records(repo) == []


def test_a_record_of_another_clone_can_be_used(repo: Repo, world: World, tmp_path: Path) -> None:
    """As after a failed CI job, whose clone is gone."""
    made = "echo s3cr3t-made; exit 1"
    rotate(repo, YAML, "--with", made, code=1)
    (record,) = records(repo)
    other = world.copy("alice", tmp_path / "other")
    other.write(f".git/sealedfiles/rotations/{record.name}", record.read_bytes())
    rotate(other, YAML, "--finish")
    assert get(other, YAML, PASSWORD[YAML]) == "s3cr3t-made"


def test_a_damaged_record_is_an_error_that_names_it(repo: Repo) -> None:
    rotate(repo, YAML, "--with", "echo s3cr3t-made; exit 1", code=1)
    (record,) = records(repo)
    for content in ("", "{}", "[]", record.read_text().replace("sealed:v1", "sealed:v0")):
        record.write_text(content)
        rotate(repo, YAML, "--finish", code=1)
        assert f"{record.name} is damaged" in repo.stderr
        repo.sealedfiles("rotate-value")


# -- signals and kills


def start(repo: Repo, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "sealedfiles", "rotate-value", *arguments],
        cwd=repo.path,
        env=repo.person.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["TERM", "HUP", "INT"])
def test_a_signal_waits_until_the_value_is_in_its_file(
    repo: Repo, provider: Provider, name: str
) -> None:
    """The command finishes its work in spite of the signal, which it gets as well."""
    end = f"trap 'echo got it >&2' {name}; kill -{name} $PPID; sleep 0.3; true"
    how = ("--generate", "hex:32", "--with", provider.command(end))
    process = start(repo, YAML, PASSWORD[YAML], *how)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode in (130, -15, -1), stderr
    assert b"got it" in stderr
    assert b"rotated; staged" in stderr
    assert get(repo, YAML, PASSWORD[YAML]) == provider.value
    assert repo.status() == [f"M  {YAML}"]
    assert records(repo) == []


def test_a_signal_ends_the_command_and_the_value_is_kept(repo: Repo, provider: Provider) -> None:
    process = start(
        repo,
        *(YAML, PASSWORD[YAML], "--generate", "hex:32"),
        *("--with", provider.command("touch running; exec sleep 60")),
    )
    while not (repo.path / "running").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.terminate()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == -15
    assert b"was ended by signal 15, and the file was not changed" in stderr
    assert rotate(repo, YAML, "--print") == f"{provider.value}\n"


def test_a_kill_before_the_command_made_a_value_is_remembered(
    repo: Repo, provider: Provider
) -> None:
    process = start(repo, YAML, PASSWORD[YAML], "--with", "kill -9 $PPID")
    process.communicate(timeout=60)
    assert process.returncode == -9
    for action in ("--print", "--finish"):
        assert rotate(repo, YAML, action, code=1) == ""
        assert "was interrupted before it printed a new value" in repo.stderr
        assert "find out whether the provider has a new value" in repo.stderr
    assert repo.status() == []
    rotate(repo, YAML, "--generate", "hex:32", "--with", provider.command())
    assert get(repo, YAML, PASSWORD[YAML]) == provider.value
    assert re.fullmatch("[0-9a-f]{64}", provider.value)
    assert records(repo) == []


@pytest.mark.slow
@pytest.mark.parametrize("makes", [False, True], ids=["generated", "made by the command"])
def test_a_kill_at_any_moment_leaves_the_value_that_the_provider_has(
    world: World, provider: Provider, makes: bool, tmp_path: Path
) -> None:
    value = shlex.quote(str(provider.folder / "value"))
    made = f"date +s3cr3t-%N > {value}; cat {value}"
    how = ("--with", made) if makes else ("--generate", "hex:32", "--with", provider.command())
    kills = 0
    for number in range(1, 400):
        repo = world.copy("alice", tmp_path / f"{number}")
        was_killed = repo.is_killed(number, "rotate-value", YAML, PASSWORD[YAML], *how)
        kills += was_killed
        before = len(provider.calls)
        repo.wait_for_git()
        if was_killed:
            pending = json.loads(repo.sealedfiles("rotate-value", "--json"))["unfinished"]
            handed_over = [one["handed_over"] for one in pending]
            if True in handed_over:
                rotate(repo, YAML, *how)
                assert len(provider.calls) == before, "it has the value already"
            elif not makes or get(repo, YAML, PASSWORD[YAML]) == OLD:
                rotate(repo, YAML, *how)
        assert get(repo, YAML, PASSWORD[YAML]) == provider.value.removesuffix("\n")
        assert records(repo) == []
        assert repo.status() == [f"M  {YAML}"]
        new = provider.value.removesuffix("\n").encode()
        assert not any(new in content for _, content in repo.objects())
        if not was_killed:
            break
    assert kills > 10


# -- a real provider


@pytest.mark.slow
def test_the_script_of_the_documentation_changes_a_password_in_postgresql(
    repo: Repo, tmp_path: Path
) -> None:
    services.program("jq")
    page = (Path(__file__).parents[2] / "docs/rotating.md").read_text(encoding="utf-8")
    script = tmp_path / "set-db-password.sh"
    (text,) = re.findall(r"```sh\n(#!/bin/sh\n# set-db-password.sh.*?)```", page, re.DOTALL)
    script.write_text(text)
    script.chmod(0o755)
    with postgres() as server:
        server.query(f"CREATE ROLE app LOGIN PASSWORD '{OLD}'")
        admin = {**server.environment, "PGUSER": "admin", "PGPASSWORD": server.password}
        user = Repo(repo.person.having(**admin), repo.path)

        def logs_in(password: str) -> bool:
            login = {**admin, "PGUSER": "app", "PGPASSWORD": password}
            command = [services.program("psql"), "-Xc", "SELECT 1"]
            environment = {**os.environ, **login}
            return not subprocess.run(
                command, env=environment, capture_output=True, check=False
            ).returncode

        assert logs_in(OLD)
        rotate(user, ENV, "--generate", "password:32", "--with", str(script))
        first = get(repo, ENV, "DB_PASSWORD")
        assert (logs_in(OLD), logs_in(first)) == (False, True)
        wrong = Repo(repo.person.having(**{**admin, "PGPASSWORD": "wrong"}), repo.path)
        rotate(wrong, ENV, "--generate", "password:32", "--with", str(script), code=1)
        assert get(repo, ENV, "DB_PASSWORD") == first
        assert logs_in(first)
        rotate(user, ENV, "--generate", "password:32", "--with", str(script))
        assert (logs_in(first), logs_in(get(repo, ENV, "DB_PASSWORD"))) == (False, True)


# -- the previous value


@every_file
def test_the_previous_value_is_kept_beside_it_and_dropped_later(repo: Repo, path: str) -> None:
    rotate(repo, path, "--generate", "hex:32", "--previous")
    previous = f"{PASSWORD[path]}_PREVIOUS"
    assert get(repo, path, previous) == OLD
    assert len(repo.tokens("", path)) == len(repo.tokens("HEAD", path)) + 1
    assert_no_plaintext(repo)
    rotate(repo, path, "--drop-previous")
    assert repo.status() == [f"M  {path}"]
    assert get(repo, path, PASSWORD[path]) != OLD
    repo.sealedfiles("get", path, previous, code=2)


def test_the_previous_value_is_never_readable_to_others(repo: Repo) -> None:
    how = ("--generate", "hex:32", "--previous")
    repo.sealedfiles("track", YAML, "--values", "**.*_PREVIOUS", "--plain", "--yes")
    repo.commit("plain")
    rotate(repo, YAML, *how, code=2)
    assert "the policy leaves database.password_PREVIOUS in plaintext" in repo.stderr
    repo.sealedfiles("track", YAML, "--values", "**.*_PREVIOUS", "--group", "production", "--yes")
    repo.commit("another group")
    rotate(repo, YAML, *how, code=2)
    assert "to the group production, and database.password to default" in repo.stderr
    assert OLD in repo.read(YAML)
    assert repo.status() == []


# -- commits


def test_the_commit_records_the_rotation_and_no_value(repo: Repo) -> None:
    repo.edit(JSON, "cache-alpha", "cache-beta")
    rotate(repo, YAML, "--generate", "hex:32", "--commit", "--reason", "bob\nleft")
    message = repo.git("log", "-1", "--format=%B")
    assert message == (
        f"Rotate {YAML}: database.password\n\n"
        f"Sealedfiles-Rotated: {YAML} database.password\nSealedfiles-Reason: bob left\n\n"
    )
    assert repo.status() == [f" M {JSON}"]
    assert repo.git("show", "--format=", "--name-only") == f"{YAML}\n"


def test_without_a_commit_the_way_to_record_it_is_said(repo: Repo) -> None:
    rotate(repo, YAML, "--generate", "hex:32", "--reason", "it's time")
    (line,) = re.findall("hint: (git commit .*)", repo.stderr)
    repo.raw("sh", "-c", line)
    assert repo.git("log", "-1", "--format=%(trailers)") == (
        f"Sealedfiles-Rotated: {YAML} database.password\nSealedfiles-Reason: it's time\n\n"
    )


def test_a_commit_takes_nothing_else_with_it(repo: Repo, provider: Provider) -> None:
    how = ("--generate", "hex:32", "--with", provider.command(), "--commit")
    repo.edit(JSON, "cache-alpha", "cache-beta")
    repo.git("add", JSON)
    rotate(repo, YAML, *how, code=2)
    assert "other changes are staged" in repo.stderr
    repo.git("stash", "--quiet")
    repo.write(".git/MERGE_HEAD", repo.head() + "\n")
    rotate(repo, YAML, *how, code=2)
    assert provider.calls == []


def test_a_failed_commit_loses_nothing(repo: Repo) -> None:
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
    (repo.path / ".git/hooks/pre-commit").chmod(0o755)
    rotate(repo, YAML, "--generate", "hex:32", "--commit", code=1)
    assert "the rotated values are staged" in repo.stderr
    assert repo.status() == [f"M  {YAML}"]


@pytest.mark.slow
def test_the_history_shows_rotations(repo: Repo) -> None:
    repo.sealedfiles("revoke", "bob")
    repo.commit("bob left")
    rotate(repo, YAML, "--generate", "hex:32", "--commit", "--reason", "bob left")
    # Anybody can write such lines; the first one is for a file that this commit does not change.
    lines = f"Sealedfiles-Rotated: {ENV} DB_PASSWORD\nSealedfiles-Rotated: {JSON} api.token"
    repo.write(JSON, repo.read(JSON) + "\n")
    repo.git("add", JSON)
    repo.git("commit", "--quiet", "--message", f"forged\n\n{lines}")
    events = json.loads(repo.sealedfiles("who", "--log", "--json"))["events"]
    found = [(one["path"], one["key"], one["reason"]) for one in events if one["path"]]
    assert found == [(JSON, "api.token", None), (YAML, "database.password", "bob left")]
    assert f"  alice  rotated {YAML}: database.password (bob left)\n" in repo.sealedfiles(
        "who", "--log"
    )
    rows = json.loads(repo.sealedfiles("exposure", "bob", "--json", code=1))["values"]
    rotated = [(one["class"], one["path"], one["reason"]) for one in rows if one["rotated"]]
    assert rotated == [("changed", YAML, "bob left")], "values decide, not lines of a message"
    assert f"{YAML}: database.password" in repo.sealedfiles("exposure", "bob", code=1)
    (line,) = re.findall(r".*rotated.*", repo.sealedfiles("exposure", "bob", code=1))
    assert line.endswith("  rotated: bob left")


# -- several values


def long_ago(repo: Repo, days: int) -> Repo:
    date = datetime.now(timezone.utc) - timedelta(days=days)
    return Repo(repo.person.having(GIT_COMMITTER_DATE=date.isoformat()), repo.path)


def add_rules(repo: Repo, *rules: str) -> None:
    """Add rules at the top of the policy, confirm and commit them."""
    lines = "".join(f"  - {rule}\n" for rule in rules)
    repo.write(POLICY, repo.read(POLICY).replace("rules:\n", f"rules:\n{lines}"))
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("rules")


RULES = (
    f"{{files: {YAML}, values: database.password, max_age: 30d, generate: 'hex:32'}}",
    f"{{files: {JSON}, values: database.password, max_age: 30d, generate: uuid}}",
    f"{{files: {YAML}, values: cache.url, max_age: 30d}}",
    f"{{files: {YAML}, values: 'api.scopes[]', max_age: 30d, generate: uuid}}",
    f"{{files: {ENV}, values: DB_PASSWORD, max_age: 90d, generate: 'hex:32'}}",
)


@pytest.fixture
def aged(repo: Repo) -> Repo:
    """A repository in which all values were changed 40 days ago."""
    for path in FILES:
        repo.write(path, repo.read(path).replace("alpha", "omega").replace("s3cr3t-r", "s3cr3t-R"))
    long_ago(repo, 40).commit("new values")
    add_rules(repo, *RULES)
    return repo


def states(text: str) -> dict[str, str]:
    return {f"{one['path']}: {one['key']}": one["state"] for one in json.loads(text)["values"]}


def test_all_that_is_due_is_rotated(aged: Repo, provider: Provider) -> None:
    how = ("--due", "--yes", "--json", "--commit", "--with", provider.command())
    done = states(aged.sealedfiles("rotate-value", *how, code=1))
    assert done == {
        f"{JSON}: database.password": "rotated",
        f"{YAML}: database.password": "rotated",
        f"{YAML}: cache.url": "by-hand",
        f"{YAML}: api.scopes[]": "by-hand",
    }
    assert "cache.url: due since" in aged.stderr
    assert "the policy has no `generate` for it" in aged.stderr
    assert f"sealedfiles rotate-value {YAML} cache.url --with COMMAND" in aged.stderr
    assert {one["file"] for one in provider.calls} == {JSON, YAML}
    assert aged.git("log", "-1", "--format=%s%n%(trailers)") == (
        "Rotate 2 values\n"
        f"Sealedfiles-Rotated: {JSON} database.password\n"
        f"Sealedfiles-Rotated: {YAML} database.password\n\n"
    )
    assert aged.status() == []
    again = states(aged.sealedfiles("rotate-value", "--due", "--yes", "--json", code=1))
    assert set(again.values()) == {"by-hand"}


def test_the_policy_says_how_a_value_is_generated(aged: Repo, provider: Provider) -> None:
    for how in ((), ("--with", provider.command())):
        aged.sealedfiles("rotate-value", JSON, "database.password", *how)
        assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]+){4}", get(aged, JSON, "database.password"))
    assert provider.value == get(aged, JSON, "database.password")
    rotate(aged, JSON, "--generate", "hex:16")
    assert re.fullmatch("[0-9a-f]{32}", get(aged, JSON, "database.password"))


def test_what_was_rotated_and_not_staged_is_not_rotated_again(aged: Repo) -> None:
    aged.edit(YAML, "cache-omega", "cache-beta")
    aged.sealedfiles("rotate-value", YAML, "database.password", "--generate", "hex:32")
    done = states(aged.sealedfiles("rotate-value", "--due", "--yes", "--json", code=1))
    assert done[f"{YAML}: database.password"] == "by-hand"
    assert "database.password: due since" in aged.stderr
    assert "it was changed, and the change is not staged" in aged.stderr


def test_what_fails_does_not_stop_the_others(aged: Repo, provider: Provider) -> None:
    end = f"tail -1 {shlex.quote(str(provider.folder / 'calls'))} | grep -q {YAML}"
    how = ("--due", "--yes", "--json", "--with", provider.command(f"! {end}"))
    done = states(aged.sealedfiles("rotate-value", *how, code=1))
    assert done[f"{YAML}: database.password"] == "failed"
    assert done[f"{JSON}: database.password"] == "rotated"
    assert aged.status() == [f"M  {JSON}"]


def test_it_asks_before_it_rotates_several(aged: Repo) -> None:
    output = aged.sealedfiles("rotate-value", "--due", code=1)
    assert f"{JSON}: database.password   uuid  due since" in output
    assert "no terminal; assuming no" in aged.stderr
    planned = states(aged.sealedfiles("rotate-value", "--due", "--json", code=1))
    assert planned[f"{JSON}: database.password"] == "planned"
    assert planned[f"{YAML}: cache.url"] == "by-hand"
    assert aged.status() == []


def test_only_a_confirmed_policy_says_how_values_are_generated(
    world: World, repo: Repo, tmp_path: Path
) -> None:
    """Bob does not read production, and lets it be generated weakly, or at all."""
    rule = f"{{files: {YAML}, values: production.pin, group: production, generate: uuid}}"
    repo.write(POLICY, repo.read(POLICY).replace("rules:\n", f"rules:\n  - {rule}\n"))
    repo.git("add", POLICY)
    for place in ((YAML, "production.pin"), ("--due", "--yes"), ("--exposed", "bob", "--yes")):
        repo.sealedfiles("rotate-value", *place, code=1)
        assert "has a change that is not confirmed in this clone" in repo.stderr
    repo.git("commit", "--quiet", "--message", "pushed")
    fresh = world.alice.clone(repo, tmp_path / "fresh")
    fresh.sealedfiles("unlock", code=None)
    fresh.sealedfiles("rotate-value", "--due", "--yes", code=1)
    assert "not confirmed in this clone" in fresh.stderr


def test_a_job_with_a_deploy_key_rotates_what_is_due(
    aged: Repo, provider: Provider, tmp_path: Path
) -> None:
    """It has neither the filter nor a cache of keys; files are sealed in its working tree."""
    key = aged.sealedfiles("keygen", "--deploy", "robot", "--to", "default")
    aged.commit("a robot")
    robot = Person.at(tmp_path / "robot").having(CI="true", SEALEDFILES_KEY=key)
    job = robot.clone(aged, tmp_path / "job")
    how = ("--due", "--yes", "--json", "--commit", "--with", provider.command())
    done = states(job.sealedfiles("rotate-value", *how, code=1))
    assert {place for place, state in done.items() if state == "rotated"} == {
        f"{JSON}: database.password",
        f"{YAML}: database.password",
    }
    assert job.status() == []
    assert SECRET not in job.read(YAML) + job.read(JSON)
    aged.git("pull", "--quiet", str(job.path), "main")
    assert get(aged, JSON, "database.password") in {one["new"] for one in provider.calls}
    assert_no_plaintext(job, *(str(one["new"]) for one in provider.calls))


@pytest.mark.slow
def test_what_a_removed_reader_knows_is_rotated(aged: Repo, provider: Provider) -> None:
    aged.sealedfiles("revoke", "bob")
    aged.git("commit", "--quiet", "--message", "bob left")
    how = ("--exposed", "bob", "--yes", "--json", "--with", provider.command())
    done = states(
        aged.sealedfiles("rotate-value", *how, "--commit", "--reason", "bob left", code=1)
    )
    rotated = {place for place, state in done.items() if state == "rotated"}
    assert rotated == {
        f"{JSON}: database.password",
        f"{YAML}: database.password",
        f"{ENV}: DB_PASSWORD",
    }
    assert done[f"{YAML}: api.token"] == "by-hand"
    assert f"{YAML}: production.pin" not in done, "bob could not read it"
    assert "api.token: known to bob, and not rotated" in aged.stderr
    rows = json.loads(aged.sealedfiles("exposure", "bob", "--json", code=1))["values"]
    assert {
        f"{one['path']}: {one['key']}" for one in rows if one["reason"] == "bob left"
    } == rotated
    aged.sealedfiles("rotate-value", "--exposed", "carol", code=2)


def test_targets_that_use_a_value_are_named(repo: Repo) -> None:
    targets = (
        f"targets:\n  app: {{to: 'vault://secret/app', from: {YAML}}}\n"
        f"  mail: {{to: 'vault://secret/mail', from: {YAML}, keys: 'mail.**'}}\n"
        f"  other: {{to: 'vault://secret/other', from: {JSON}}}\n"
    )
    repo.write(POLICY, repo.read(POLICY) + targets)
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("targets")
    rotate(repo, YAML, "--generate", "hex:32")
    assert re.findall(r"sealedfiles push (\w+)", repo.stderr) == ["app"]
