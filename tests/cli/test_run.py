"""run: values in the environment of one command only."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from age.programs import fork_on_terminal
from people import ENV, FILES, YAML, Person, Repo, commit_blob, forge_user, program, tokens

from sealedfiles.app.files.references import SEALED_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")

EVERY_FILE = [word for path in FILES for word in ("-f", path)]
PYTHON = [sys.executable, "-IS", "-c"]
SHOW = [
    *PYTHON,
    "import json, os; print(json.dumps({n: os.fsencode(v).decode() for n, v in os.environ.items()}))",
]
MASK = "•••"

VALUES = {
    "APP_NAME": "orders",
    "APP_PORT": "8080",
    "DB_USER": "s3cr3t-user",
    "DB_PASSWORD": "s3cr3t-db-alpha",
    "CACHE_URL": "redis://:s3cr3t-cache-alpha@cache:6379/0",
    "TLS_KEY": "-----BEGIN PRIVATE KEY-----\ns3cr3tMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----",
    "PROD_PIN": "s3cr3t-production",
    "API_TOKEN": "s3cr3t-api-alpha",
}
"""What the .env file of these tests means."""


def environment_of(repo: Repo, *options: str) -> dict[str, str]:
    """Return the variables of a command that the caller does not have, or has with other values.

    The list of the sealed ones is left out.
    """
    seen = json.loads(repo.sealedfiles("run", *options, "--", *SHOW))
    before = repo.person.environment()
    assert not set(before) - set(seen), "nothing is taken away"
    seen.pop(SEALED_NAMES, None)
    return {name: value for name, value in seen.items() if before.get(name) != value}


def python(repo: Repo, script: str, *options: str, code: int | None = 0) -> str:
    """Run a Python program with the values of the .env file."""
    return repo.sealedfiles("run", "-f", ENV, *options, "--", *PYTHON, script, code=code)


def start(repo: Repo, *arguments: str, **options: object) -> subprocess.Popen[bytes]:
    """Start ``sealedfiles run -f .env`` without waiting for its end, which is after at most a minute."""
    started: subprocess.Popen[bytes] = subprocess.Popen(
        [*program(), "run", "-f", ENV, *arguments],
        cwd=repo.path,
        env=repo.person.environment(),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},  # type: ignore[call-overload]
    )
    killer = threading.Timer(60, started.kill)
    killer.daemon = True
    killer.start()
    return started


@pytest.fixture(params=["unlocked", "locked", "machine", "outside-git"])
def anywhere(request: pytest.FixtureRequest, world: World, origin: Path, tmp_path: Path) -> Repo:
    """The same files: decrypted or sealed in the working tree, in a build without a filter, and without
    git."""
    if request.param == "machine":
        key = world.alice.identities.read_text()
        machine = Person.at(tmp_path / "ci").having(CI="true", SEALEDFILES_KEY=key)
        return machine.clone(origin, tmp_path / "build")
    repo = world.copy("alice", tmp_path / "orders")
    if request.param != "unlocked":
        repo.sealedfiles("lock")
        assert tokens(repo.read(ENV))
    if request.param == "outside-git":
        shutil.rmtree(repo.path / ".git")
    return repo


# -- which variables


@pytest.mark.many_variants
def test_the_values_are_variables_in_every_state_of_the_files(anywhere: Repo) -> None:
    seen = json.loads(anywhere.sealedfiles("run", *EVERY_FILE, "--", *SHOW))
    assert anywhere.stderr == ""
    expected = {
        **VALUES,
        "SERVICE_NAME": "orders",
        "SERVICE_PORT": "8080",
        "DATABASE_PASSWORD": "s3cr3t-db-alpha",
        "PRODUCTION_PIN": "s3cr3t-production",
        "LIMITS_0": "1000",
        "LIMITS_1": "2500",
        "API_ENABLED": "true",
        "API_SCOPES_0": "s3cr3t-read",
        "API_SCOPES_1": "s3cr3t-write",
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert seen["CERTIFICATE"].startswith("-----BEGIN CERTIFICATE-----\n")
    assert "DATABASE_OPTIONS" not in seen


@pytest.mark.many_variants
def test_the_only_tracked_env_file_is_used_and_reported(anywhere: Repo) -> None:
    seen = json.loads(anywhere.sealedfiles("run", "--", *SHOW))
    assert {name: seen.get(name) for name in VALUES} == VALUES
    assert anywhere.stderr == "sealedfiles: using the values of .env\n"
    anywhere.sealedfiles("--quiet", "run", "--", "true")
    assert anywhere.stderr == ""


def test_a_file_that_git_ignores_does_not_compete_with_the_tracked_one(repo: Repo) -> None:
    for name in ("local.env", ".env.sample", "env.yaml"):  # only the first matches a pattern
        repo.write(name, "A=1\n")
    repo.write(".gitignore", "local.env\n")
    assert environment_of(repo)["DB_PASSWORD"] == VALUES["DB_PASSWORD"]


@pytest.mark.many_variants
def test_several_tracked_env_files_are_an_error_that_names_them(anywhere: Repo) -> None:
    shutil.copy(anywhere.path / ENV, anywhere.path / "prod.env")
    anywhere.sealedfiles("run", "--", "echo", "started", code=2)
    assert "several tracked .env files: .env, prod.env" in anywhere.stderr
    (anywhere.path / ENV).unlink()
    anywhere.sealedfiles("run", "--", "echo", "started", code=2)
    assert "sealedfiles run -f prod.env -- COMMAND" in anywhere.stderr


def test_a_file_that_no_pattern_tracks_is_not_used(repo: Repo) -> None:
    """Anyone with push access can add one, also in the folder where a program is started."""
    repo.sealedfiles("untrack", "*.env")
    repo.sealedfiles("run", "--", "true", code=2)
    assert "the current folder has no tracked .env file" in repo.stderr


def test_pushed_plaintext_in_the_default_file_is_refused(repo: Repo) -> None:
    commit_blob(repo, ENV, forge_user(repo.blob("", ENV).decode()))
    repo.sealedfiles("run", "--", "echo", "started", code=4)
    assert "DB_USER" in repo.stderr


def test_nothing_else_of_the_environment_changes(repo: Repo) -> None:
    assert environment_of(repo, "-f", ENV) == VALUES


def test_the_command_is_told_which_variables_are_sealed(repo: Repo) -> None:
    shown = json.loads(repo.sealedfiles("run", "-f", ENV, "--only", "*_USER", "--", *SHOW))
    assert shown[SEALED_NAMES] == "DB_USER"
    inner = [*program(), "run", "-f", ENV, "--only", "*_PASSWORD", "--", *SHOW]
    shown = json.loads(repo.sealedfiles("run", "-f", ENV, "--only", "*_USER", "--", *inner))
    assert shown[SEALED_NAMES] == "DB_PASSWORD DB_USER"
    assert SEALED_NAMES not in json.loads(
        repo.sealedfiles("run", "-f", ENV, "--only", "APP_*", "--", *SHOW)
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only there it can be told")
def test_variables_set_by_python_are_not_passed_on(repo: Repo) -> None:
    command = [*program(), "run", "-f", ENV, "--only", "DB_USER", "--", "env"]
    bare = ["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={repo.person.home}"]
    names = {line.split("=")[0] for line in repo.raw(*bare, *command).decode().split("\n")}
    assert names == {"PATH", "HOME", "DB_USER", SEALED_NAMES, ""}
    with_language = repo.raw(*bare, "LC_CTYPE=C.UTF-8", *command).decode()
    assert "LC_CTYPE=C.UTF-8\n" in with_language


def test_existing_variables_win_without_override(repo: Repo) -> None:
    repo.person = repo.person.having(DB_USER="mine", OTHER="stays")
    assert "DB_USER" not in environment_of(repo, "-f", ENV)
    assert "DB_USER" not in environment_of(repo, "-f", ENV, "--no-override")
    assert environment_of(repo, "-f", ENV, "--override")["DB_USER"] == "s3cr3t-user"


def test_a_prefix_and_patterns_choose_names_and_values(repo: Repo) -> None:
    assert environment_of(repo, "-f", ENV, "--only", "DB_*", "--prefix", "APP_") == {
        "APP_DB_USER": "s3cr3t-user",
        "APP_DB_PASSWORD": "s3cr3t-db-alpha",
    }
    assert environment_of(repo, "-f", YAML, "--only", "api.scopes[]", "--only", "database.*") == {
        "API_SCOPES_0": "s3cr3t-read",
        "API_SCOPES_1": "s3cr3t-write",
        "DATABASE_USER": "s3cr3t-user",
        "DATABASE_PASSWORD": "s3cr3t-db-alpha",
    }


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("database", "matches no value"), ("db_*", "matches no value"), ("a..b", "the pattern")],
)
def test_an_invalid_pattern_is_reported(repo: Repo, pattern: str, words: str) -> None:
    repo.sealedfiles("run", "-f", ENV, "--only", "DB_*", "--only", pattern, "--", *SHOW, code=2)
    assert f'--only "{pattern}"' in repo.stderr
    assert words in repo.stderr


def test_the_documents_of_a_yaml_file_are_no_part_of_a_path(repo: Repo) -> None:
    repo.write("secrets/two.yaml", "a: s3cr3t-one\nb: [s3cr3t-two]\n---\na: s3cr3t-three\n")
    assert environment_of(repo, "-f", "secrets/two.yaml", "--only", "a") == {
        "_0_A": "s3cr3t-one",
        "_1_A": "s3cr3t-three",
    }
    repo.write("secrets/list.yaml", "- a: s3cr3t-one\n")
    assert environment_of(repo, "-f", "secrets/list.yaml", "--only", "[].a") == {
        "_0_A": "s3cr3t-one"
    }


def test_numbers_keep_their_spelling_and_null_sets_nothing(repo: Repo) -> None:
    repo.write("secrets/a.yaml", "a: 1.10\nb: 0o17\nc: null\nd: True\ne: ''\nf: [1e3, ~]\n")
    assert environment_of(repo, "-f", "secrets/a.yaml") == {
        "A": "1.10",
        "B": "0o17",
        "D": "true",
        "E": "",
        "F_0": "1e3",
    }


def test_two_values_for_one_name_are_an_error_that_names_both(repo: Repo) -> None:
    repo.write("secrets/a.yaml", "db:\n  user: s3cr3t-a\ndb_user: s3cr3t-b\n")
    repo.sealedfiles("run", "-f", "secrets/a.yaml", "--", *SHOW, code=2)
    assert "secrets/a.yaml: db.user and secrets/a.yaml: db_user both define" in repo.stderr
    repo.sealedfiles(
        "run",
        "-f",
        ENV,
        "-f",
        "secrets/a.yaml",
        "--only",
        "db.user",
        "--only",
        "DB_*",
        "--",
        *SHOW,
        code=2,
    )
    assert ".env: DB_USER and secrets/a.yaml: db.user both define" in repo.stderr
    assert "s3cr3t" not in repo.stderr


def test_a_later_file_wins_with_override(repo: Repo) -> None:
    repo.write("local.env", "DB_USER=s3cr3t-local\nNEW=s3cr3t-new\nDB_PASSWORD=s3cr3t-db-alpha\n")
    repo.sealedfiles("run", "-f", ENV, "-f", "local.env", "--", *SHOW, code=2)
    seen = environment_of(repo, "-f", ENV, "-f", "local.env", "--override")
    assert seen == {**VALUES, "DB_USER": "s3cr3t-local", "NEW": "s3cr3t-new"}
    equal = environment_of(repo, "-f", ENV, "-f", "local.env", "--only", "DB_PASSWORD")
    assert equal == {"DB_PASSWORD": "s3cr3t-db-alpha"}


def test_references_resolve_in_the_file_earlier_files_and_the_environment(repo: Repo) -> None:
    repo.person = repo.person.having(HOST="env-host", DB_USER="env-user")
    repo.write("more.env", "URL=pg://${DB_USER}:${DB_PASSWORD}@${HOST}/${NOT_SET:-none}\n")
    url = environment_of(repo, "-f", ENV, "-f", "more.env", "--only", "URL")["URL"]
    assert url == "pg://env-user:s3cr3t-db-alpha@env-host/none"
    files = ("-f", ENV, "-f", "more.env")
    url = environment_of(repo, *files, "--only", "URL", "--override")["URL"]
    assert url == "pg://s3cr3t-user:s3cr3t-db-alpha@env-host/none"


@pytest.mark.parametrize("dialect", ["python", "compose", "bash"])
def test_no_dialect_runs_a_command(repo: Repo, dialect: str) -> None:
    repo.write("bad.env", "A='$(touch hacked)'\nB=`touch hacked`\nC=$(touch hacked)\n")
    repo.sealedfiles("run", "-f", "bad.env", "--dialect", dialect, "--", *SHOW, code=None)
    assert not (repo.path / "hacked").exists()


def test_a_file_in_the_middle_of_a_merge_is_refused(repo: Repo) -> None:
    conflict = "<<<<<<< ours\nA=s3cr3t-1\n=======\nA=s3cr3t-2\n>>>>>>> theirs\n"
    for path, text in (("a.env", conflict), ("secrets/a.yaml", conflict.replace("=s", ": s"))):
        repo.write(path, f"B: 1\n{text}" if path.endswith("yaml") else text)
        repo.sealedfiles("run", "-f", path, "--", "touch", "ran", code=1)
        assert path in repo.stderr
    assert not (repo.path / "ran").exists()


def test_the_dialect_says_what_quotes_mean(repo: Repo) -> None:
    repo.write("q.env", "A='x y' # comment\n")
    assert environment_of(repo, "-f", "q.env") == {"A": "x y"}
    assert environment_of(repo, "-f", "q.env", "--dialect", "docker") == {"A": "'x y' # comment"}


@posix_only
def test_values_are_utf_8_whatever_the_locale(repo: Repo) -> None:
    repo.write("u.env", "A=grüße-€\n")
    repo.person = repo.person.having(LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert repo.raw(*program(), "run", "-f", "u.env", "--", "printenv", "A") == "grüße-€\n".encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"db": {"key": "s3cr3t\\u0000"}}', "config/a.json: db.key contains a NUL character"),
        ('{"db": {"key": "s3cr3t\\ud800"}}', "config/a.json: db.key contains a lone surrogate"),
        ('"s3cr3t"', "config/a.json is a single value without a key"),
        ('{"a": "s3cr3t"', "config/a.json:1:"),
    ],
)
def test_what_cannot_be_a_variable_is_named_and_not_shown(
    repo: Repo, text: str, words: str
) -> None:
    repo.write("config/a.json", text)
    repo.sealedfiles("run", "-f", "config/a.json", "--", "touch", "ran", code=None)
    assert words in repo.stderr
    assert "s3cr3t" not in repo.stderr
    assert not (repo.path / "ran").exists()


def test_what_no_variable_can_hold_may_be_left_out(repo: Repo) -> None:
    repo.write("config/a.json", '{"a": "s3cr3t\\u0000", "b": "s3cr3t-b"}')
    assert environment_of(repo, "-f", "config/a.json", "--only", "b") == {"B": "s3cr3t-b"}


# -- what stays sealed


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
@pytest.mark.parametrize("state", ["unlocked", "locked"])
def test_values_of_groups_that_one_does_not_read_are_left_out_silently(
    repo: Repo, state: str
) -> None:
    if state == "locked":
        repo.sealedfiles("lock")
    seen = environment_of(repo, *EVERY_FILE)
    assert repo.stderr == ""
    assert seen["DB_PASSWORD"] == seen["DATABASE_PASSWORD"] == "s3cr3t-db-alpha"
    assert not {"PROD_PIN", "PRODUCTION_PIN"} & set(seen)
    assert not tokens("\n".join(seen.values()))


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_a_token_never_becomes_a_part_of_another_value(repo: Repo) -> None:
    repo.write(ENV, repo.read(ENV) + "URL=pg://${PROD_PIN}@h\n")
    repo.write("more.env", "OTHER=${PROD_PIN}-${DB_USER}\nPLAIN=${DB_USER}\n")
    seen = environment_of(repo, "-f", ENV, "-f", "more.env")
    assert "URL" not in seen
    assert "OTHER" not in seen
    assert seen["PLAIN"] == "s3cr3t-user"


def test_without_a_key_nothing_is_run(origin: Path, tmp_path: Path) -> None:
    nobody = Person.at(tmp_path / "nobody")
    clone = nobody.clone(origin, tmp_path / "clone")
    clone.sealedfiles("run", "-f", ENV, "--", "touch", "ran", code=3)
    assert "no key" in clone.stderr
    assert "alice" in clone.stderr, "who could grant access"
    assert not (clone.path / "ran").exists()


def test_one_value_in_plaintext_does_not_make_up_for_a_key(origin: Path, tmp_path: Path) -> None:
    clone = Person.at(tmp_path / "nobody").clone(origin, tmp_path / "clone")
    clone.write(ENV, clone.read(ENV) + "TYPED=s3cr3t-here\n")
    clone.sealedfiles("run", "-f", ENV, "--", "touch", "ran", code=3)
    assert not (clone.path / "ran").exists()


def test_one_file_of_several_that_stays_sealed_is_enough(repo: Repo, world: World) -> None:
    repo.sealedfiles("lock")
    repo.write("prod.env", "PROD_A=s3cr3t-a\nPROD_B=s3cr3t-b\n")
    repo.sealedfiles("seal", "prod.env")
    repo.person = world.bob
    repo.sealedfiles("run", "-f", ENV, "-f", "prod.env", "--", "touch", "ran", code=3)
    assert "prod.env stays sealed: no key of production is available" in repo.stderr
    assert not (repo.path / "ran").exists()


def test_a_damaged_or_moved_token_stops_everything(repo: Repo) -> None:
    repo.sealedfiles("lock")
    sealed = repo.read(ENV)
    first, second = tokens(sealed)[:2]
    repo.write(ENV, sealed.replace(first, first[:-5] + "AAAAA"))
    repo.sealedfiles("run", "-f", ENV, "--", "touch", "ran", code=4)
    assert f"{ENV}:6: DB_USER" in repo.stderr
    repo.write(ENV, sealed.replace(first, second))
    repo.sealedfiles("run", "-f", ENV, "--", "touch", "ran", code=4)
    assert "made for another key of the file" in repo.stderr
    assert not (repo.path / "ran").exists()


def test_a_token_that_is_not_whole_is_no_value(repo: Repo) -> None:
    repo.write("cut.env", "A=sealed:v1:default:abc\nB=x\n")
    repo.sealedfiles("run", "-f", "cut.env", "--", "touch", "ran", code=3)
    assert "cut.env: A stays sealed" in repo.stderr
    assert not (repo.path / "ran").exists()


def test_with_a_group_only_its_values_are_printed(repo: Repo) -> None:
    plain = {"APP_NAME": "orders", "APP_PORT": "8080"}
    seen = environment_of(repo, "-f", ENV, "--group", "production")
    assert seen == {**plain, "PROD_PIN": "s3cr3t-production"}
    both = environment_of(repo, "-f", ENV, "--group", "production", "--group", "default")
    assert both == VALUES


def test_a_requested_group_must_be_decrypted(repo: Repo, world: World) -> None:
    repo.person = world.bob
    repo.sealedfiles("lock")
    arguments = ("run", "-f", ENV, "--group", "production", "--", "touch", "ran")
    repo.sealedfiles(*arguments, code=3)
    assert "the values of the group production stay sealed" in repo.stderr
    assert "alice" in repo.stderr
    assert not (repo.path / "ran").exists()


# -- keys


def test_the_key_is_not_passed_on(world: World, origin: Path, tmp_path: Path) -> None:
    key = world.alice.identities
    variables = {
        "SEALEDFILES_KEY": key.read_text(),
        "SEALEDFILES_KEY_FILE": str(key),
        "SEALEDFILES_KEY_CMD": "cat key",
        "SOPS_AGE_KEY": key.read_text(),
        "SEALEDFILES_KEYS": "something else",
    }
    clone = Person.at(tmp_path / "ci").having(**variables).clone(origin, tmp_path / "build")
    seen = json.loads(clone.sealedfiles("run", "-f", ENV, "--", *SHOW))
    assert set(variables) & set(seen) == {"SEALEDFILES_KEYS"}
    assert "AGE-SECRET-KEY" not in str(seen)
    clone.write("steal.env", "A=${SEALEDFILES_KEY}${SOPS_AGE_KEY}${SEALEDFILES_KEYS}\n")
    seen = json.loads(clone.sealedfiles("run", "-f", "steal.env", "--", *SHOW))
    assert seen["A"] == "something else"
    kept = json.loads(clone.sealedfiles("run", "-f", ENV, "--keep-key", "--", *SHOW))
    assert {name: kept[name] for name in variables} == variables


# -- the command


def test_arguments_after_the_command_are_passed_to_it(repo: Repo) -> None:
    show = [
        sys.executable,
        "-c",
        "import sys; print(sys.argv[1:])",
        "-f",
        "x",
        "--redact",
        "--",
        "$A",
        "",
    ]
    expected = "['-f', 'x', '--redact', '--', '$A', '']\n"
    assert repo.sealedfiles("run", "-f", ENV, "--", *show) == expected
    assert repo.sealedfiles("run", "-f", ENV, *show) == expected


@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_the_exit_status_is_the_commands(repo: Repo, options: list[str]) -> None:
    for code in (77, 255):
        python(repo, f"raise SystemExit({code})", *options, code=code)


@posix_only
@pytest.mark.parametrize("options", [[], ["--redact"]])
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_signal_that_kills_the_command_is_raised_again(
    repo: Repo, options: list[str], name: str
) -> None:
    number = getattr(signal, name)
    with start(repo, *options, "--", "sh", "-c", f"kill -{int(number)} $$") as done:
        done.communicate()
    assert done.returncode == -number
    assert not list(repo.path.glob("core*"))


@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_stdin_is_the_commands(repo: Repo, options: list[str]) -> None:
    script = "import sys; print(sys.stdin.read().upper())"
    command = [*PYTHON, script]
    assert repo.sealedfiles("run", "-f", ENV, *options, "--", *command, answers="abc") == "ABC\n"


@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_a_command_that_does_not_exist_is_127(repo: Repo, options: list[str]) -> None:
    repo.sealedfiles("run", "-f", ENV, *options, "--", "no-such-command", "x", code=127)
    assert repo.stderr == "sealedfiles: error: the command no-such-command was not found\n"
    repo.sealedfiles("run", "-f", ENV, *options, "--", "./no/such", code=127)


@posix_only
@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_a_command_that_cannot_be_run_is_126(repo: Repo, options: list[str]) -> None:
    repo.write("script", "#!/bin/sh\n")
    for command in ("./script", "./config"):
        repo.sealedfiles("run", "-f", ENV, *options, "--", command, code=126)
        assert repo.stderr == f"sealedfiles: error: {command} cannot be run: permission denied\n"
    repo.write("script", "#!/no/such/interpreter\n")
    (repo.path / "script").chmod(0o755)
    repo.sealedfiles("run", "-f", ENV, *options, "--", "./script", code=127)
    assert "the interpreter in its first line was not found" in repo.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other limits")
def test_a_value_that_is_too_long_for_the_system_is_named(repo: Repo) -> None:
    repo.write("long.env", "SHORT=s3cr3t\nLONG=" + "x" * 200_000 + "\n")
    repo.sealedfiles("run", "-f", "long.env", "--", "true", code=126)
    assert "the largest variable is LONG, with 200000 bytes" in repo.stderr


def test_a_command_and_an_existing_file_are_required(repo: Repo) -> None:
    repo.sealedfiles("run", "-f", ENV, code=2)
    repo.sealedfiles("run", "-f", ENV, "--", "", code=2)
    repo.sealedfiles("run", "-f", "no such.env", "--", "true", code=2)
    assert "no such.env" in repo.stderr


# -- in our place


@posix_only
def test_the_command_replaces_our_process(repo: Repo) -> None:
    with start(repo, "--", *PYTHON, "import os; print(os.getpid())") as started:
        out, _ = started.communicate()
        assert int(out) == started.pid


@posix_only
def test_the_command_inherits_nothing_of_ours(repo: Repo) -> None:
    repo.sealedfiles("lock")
    script = (
        "import os\n"
        "try:\n"
        "    print(os.waitpid(-1, os.WNOHANG))\n"
        "except ChildProcessError:\n"
        "    print('no children')\n"
        "print([fd for fd in range(3, 256) if os.path.exists(f'/dev/fd/{fd}')])\n"
    )
    assert python(repo, script) == "no children\n[]\n"


@posix_only
@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_the_command_inherits_what_was_passed_to_us(repo: Repo, options: list[str]) -> None:
    read, write = os.pipe()
    script = f"import os; os.write({write}, b'through'); print(os.getpgrp(), os.getcwd())"
    command = [*options, "--", *PYTHON, script]
    with start(repo, *command, pass_fds=[write], start_new_session=True) as started:
        out, _ = started.communicate()
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"through"
    assert out.decode() == f"{started.pid} {repo.path}\n"


@posix_only
@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_signals_that_python_ignores_work_in_the_command(repo: Repo, options: list[str]) -> None:
    for name in ("PIPE", "XFSZ"):
        with start(repo, *options, "--", "sh", "-c", f"kill -{name} $$; echo alive") as started:
            assert started.communicate()[0] == b""
        assert started.returncode == -getattr(signal, f"SIG{name}")


@posix_only
@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_a_signal_that_is_ignored_stays_ignored(repo: Repo, options: list[str]) -> None:
    inner = [*program(), "run", "-f", ENV, *options, "--", "sh", "-c", "kill -HUP $$; echo alive"]
    shell = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *inner]
    assert repo.raw(*shell) == b"alive\n"


ECHO_SIGNALS = """\
import os, select, signal, sys
count = 0
def note(number, frame):
    global count
    count += 1
    os.write(1, f"got {signal.Signals(number).name}\\n".encode())
for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGQUIT"):
    signal.signal(getattr(signal, name), note)
os.write(1, b"ready\\n")
# A signal just before a read that blocks would wait for its end.
while not select.select([0], [], [], 0.1)[0] or sys.stdin.readline().strip() != "done":
    pass
print("signals:", count, flush=True)
raise SystemExit(7)
"""


@posix_only
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ([], "SIGTERM"),
        *((["--redact"], name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")),
    ],
)
def test_a_signal_to_us_reaches_the_command(repo: Repo, options: list[str], name: str) -> None:
    command = [*options, "--", *PYTHON, ECHO_SIGNALS]
    # Without a terminal, as in a container or under a supervisor.
    with start(repo, *command, stdin=subprocess.PIPE, start_new_session=True) as started:
        assert started.stdout
        assert started.stdin
        assert started.stdout.readline() == b"ready\n"
        started.send_signal(getattr(signal, name))
        assert started.stdout.readline() == f"got {name}\n".encode()
        started.stdin.write(b"done\n")
        started.stdin.close()
        assert started.stdout.readline() == b"signals: 1\n"
    assert started.returncode == 7


class Terminal:
    """A pseudo-terminal with a command in its foreground."""

    def __init__(self, repo: Repo, command: list[str]) -> None:
        self.pid, self.fd = fork_on_terminal()
        if self.pid == 0:
            os.chdir(repo.path)
            os.execvpe(command[0], command, repo.person.environment())
        self._seen = b""

    def until(self, text: bytes) -> bytes:
        """Return the output up to and including *text*."""
        while text not in self._seen:
            assert select.select([self.fd], [], [], 60)[0], self._seen
            self._seen += os.read(self.fd, 4096)
        seen, _, self._seen = self._seen.partition(text)
        return seen + text

    def type(self, text: bytes) -> None:
        os.write(self.fd, text)

    def end(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


@posix_only
@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_ctrl_c_reaches_the_command_once_and_it_decides(repo: Repo, options: list[str]) -> None:
    command = [*program(), "run", "-f", ENV, *options, "--", *PYTHON, ECHO_SIGNALS]
    terminal = Terminal(repo, command)
    terminal.until(b"ready")
    terminal.type(b"\x03")
    terminal.until(b"got SIGINT")
    terminal.type(b"done\n")
    terminal.until(b"signals: ")
    assert terminal.until(b"\n") == b"1\r\n"
    assert terminal.end() == 7


@posix_only
def test_the_terminal_is_the_commands(repo: Repo) -> None:
    script = "import os; print([os.isatty(fd) for fd in range(3)], os.tcgetpgrp(0) == os.getpgrp())"
    for options, expected in (([], "[True, True, True]"), (["--redact"], "[True, False, False]")):
        command = [*program(), "run", "-f", ENV, *options, "--", *PYTHON, script]
        terminal = Terminal(repo, command)
        terminal.until(f"{expected} True".encode())
        assert terminal.end() == 0


# -- redact


def test_every_secret_that_is_printed_becomes_a_mask(repo: Repo) -> None:
    script = (
        "import os, sys\n"
        "print(os.environ['DB_PASSWORD'], os.environ['PROD_PIN'], os.environ['APP_NAME'])\n"
        "print('mixed s3cr3t-db-alphabet', file=sys.stderr)\n"
        "print(os.environ['TLS_KEY'])\n"
        "print('  s3cr3tMIGHAgEAMBMGByqGSM49')\n"
    )
    out = python(repo, script, "--redact")
    assert out == f"{MASK} {MASK} orders\n{MASK}\n  {MASK}\n"
    assert repo.stderr == f"mixed {MASK}bet\n"


@pytest.mark.parametrize("state", ["unlocked", "locked"])
def test_values_that_the_rules_leave_plain_are_shown(repo: Repo, state: str) -> None:
    if state == "locked":
        repo.sealedfiles("lock")
    show = [*PYTHON, "print('orders 8080 s3cr3t-user')"]
    assert repo.sealedfiles("run", *EVERY_FILE, "--redact", "--", *show) == f"orders 8080 {MASK}\n"


def test_what_was_sealed_before_is_secret_regardless_of_the_rules(repo: Repo) -> None:
    policy = ".sealedfiles/policy.yaml"
    plain = '  - files: "*.env"\n    values: "DB_*"\n    plain: true\n'
    repo.write(policy, repo.read(policy).replace("rules:\n", f"rules:\n{plain}"))
    show = [*PYTHON, "print('s3cr3t-user')"]
    assert repo.sealedfiles("run", "-f", ENV, "--redact", "--", *show) == f"{MASK}\n"


def test_secrets_not_passed_to_the_command_are_masked_too(repo: Repo) -> None:
    script = "import os; print('DB_USER' in os.environ, 's3cr3t-user')"
    assert python(repo, script, "--redact", "--only", "APP_*") == f"False {MASK}\n"


def test_output_passes_at_once_up_to_what_may_become_a_secret(repo: Repo) -> None:
    script = (
        "import sys\n"
        "for part in ('continue? ', 's3cr3t', '-us', 'er!', 's3cr3t-u'):\n"
        "    sys.stdout.write(part); sys.stdout.flush(); sys.stdin.readline()\n"
    )
    with start(
        repo, "--redact", "--", *PYTHON, script, stdin=subprocess.PIPE, bufsize=0
    ) as started:
        assert started.stdin
        assert started.stdout
        assert started.stdout.read(100) == b"continue? "
        started.stdin.write(b"\n\n\n")
        assert started.stdout.read(100) == f"{MASK}!".encode()
        started.stdin.write(b"\n\n")
        assert started.stdout.read(100) == b"s3cr3t-u"


@pytest.mark.parametrize("size", [1, 7, 100_003])
def test_much_output_on_both_streams_passes_byte_for_byte(repo: Repo, size: int) -> None:
    count = 3_000_000 // size if size > 100 else 3000
    script = (
        "import os\n"
        f"size, count = {size}, {count}\n"
        "data = bytes(range(256)) * (size * count // 256 + 1)\n"
        "for at in range(count):\n"
        "    piece = data[at * size : (at + 1) * size]\n"
        "    os.write(1, piece); os.write(2, piece)\n"
    )
    with start(repo, "--redact", "--", *PYTHON, script) as started:
        out, err = started.communicate()
    data = bytes(range(256)) * (size * count // 256 + 1)
    assert out == err == data[: size * count]
    assert started.returncode == 0


@posix_only
@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_the_command_gets_sigpipe_if_the_reader_is_closed(repo: Repo, options: list[str]) -> None:
    with start(repo, *options, "--", "yes", stderr=None) as started:
        assert started.stdout
        assert started.stdout.read(4) == b"y\ny\n"
        started.stdout.close()
    assert started.returncode == -signal.SIGPIPE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_that_cannot_be_written_is_an_error(repo: Repo) -> None:
    with open("/dev/full", "wb") as full:
        started = start(repo, "--redact", "--", "echo", "x", stdout=full)
        _, err = started.communicate()
    assert started.returncode == 1
    assert b"no space left" in err


@posix_only
def test_a_nonblocking_stdout_loses_nothing(repo: Repo) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    script = "print('x' * 1_000_000)"
    started = start(repo, "--redact", "--", *PYTHON, script, stdout=write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert len(pipe.read()) == 1_000_001
    started.communicate()
    assert started.returncode == 0
