"""Shell completion: the offered words, and that real shells insert them with the same meaning."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from age.programs import on_terminal
from age.programs import program as installed
from hypothesis import given, settings
from hypothesis import strategies as st
from people import ENV, FILES, YAML, Person, Repo, program

from sealedfiles.cli.app import app
from sealedfiles.cli.completing import quote, split_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import World

pytestmark = pytest.mark.many_variants

ODD = {
    "größe ü/my file.yaml": (
        'database:\n  password: a\n  "tls.crt": b\nusers:\n- token: c\n- token: d\n"a b:c": e\n'
        "größe: f\n"
    ),
    "größe ü/a:b@c=$d.yaml": "key: a\n",
}
"""Sealed files and keys that shells read as something else, unless they are quoted."""

SHELLS = pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])


def asked(repo: Repo, *words: str, cwd: Path | None = None) -> list[str]:
    """Return the completions of the last of *words*; a line ``file`` leaves it to the shell."""
    last = shlex.quote(words[-1]) if words[-1] else ""
    person = repo.person.having(
        _SEALEDFILES_COMPLETE="fish_complete",
        COMP_WORDS=f"{shlex.join(['sealedfiles', *words[:-1]])} {last}",
        COMP_CWORD=last,
    )
    out, err = person.run([*program()], cwd or repo.path, code=None)
    assert err == "", "whoever is typing must not be disturbed"
    items = [line.partition(",") for line in out.decode().split("\n") if line]
    return [value if kind == "plain" else kind for kind, _, value in items]


def values(repo: Repo, *words: str, cwd: Path | None = None) -> list[str]:
    """Return the completions without the descriptions of commands."""
    return [item.partition("\t")[0] for item in asked(repo, *words, cwd=cwd)]


@pytest.fixture(scope="module")
def odd(world: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Alice's clone with unusual names; no test changes it."""
    repo: Repo = world.copy("alice", tmp_path_factory.mktemp("odd") / "orders")
    repo.sealedfiles("track", "größe ü/*.yaml")
    for path, text in ODD.items():
        repo.write(path, text)
    repo.write("größe ü/notes.txt", "no secret\n")
    repo.commit("odd names")
    return repo


# -- in the shells


TYPED = {
    "sealedfiles stat": ["status"],
    "sealedfiles get --dialect=comp": ["get", "--dialect=compose"],
    "sealedfiles get größe\\ ü/m": ["get", "größe ü/my file.yaml"],
    "sealedfiles get 'größe ü/m": ["get", "größe ü/my file.yaml"],
    'sealedfiles get "größe ü/m': ["get", "größe ü/my file.yaml"],
    "sealedfiles get größe\\ ü/a": ["get", "größe ü/a:b@c=$d.yaml"],
    "sealedfiles get größe\\ ü/a:b@": ["get", "größe ü/a:b@c=$d.yaml"],
    "sealedfiles get 'größe ü/a:": ["get", "größe ü/a:b@c=$d.yaml"],
    "sealedfiles get READ": ["get", "README.md"],
    "sealedfiles cat config/app.json größe\\ ü/m": [
        "cat",
        "config/app.json",
        "größe ü/my file.yaml",
    ],
    "sealedfiles get größe\\ ü/my\\ file.yaml database.p": [
        *("get", "größe ü/my file.yaml", "database.password")
    ],
    "sealedfiles get größe\\ ü/my\\ file.yaml users\\[1": [
        *("get", "größe ü/my file.yaml", "users[1].token")
    ],
    "sealedfiles get größe\\ ü/my\\ file.yaml database.t": [
        *("get", "größe ü/my file.yaml", 'database."tls.crt"')
    ],
    "sealedfiles get größe\\ ü/my\\ file.yaml 'database.\"t": [
        *("get", "größe ü/my file.yaml", 'database."tls.crt"')
    ],
    'sealedfiles get größe\\ ü/my\\ file.yaml \\"a': [*("get", "größe ü/my file.yaml", '"a b:c"')],
    "sealedfiles get größe\\ ü/my\\ file.yaml '\"a b:": [
        *("get", "größe ü/my file.yaml", '"a b:c"')
    ],
    "sealedfiles run -- git-upload-pa": ["run", "--", "git-upload-pack"],
    "sealedfiles run -f .env -- cat READ": ["run", "-f", ".env", "--", "cat", "README.md"],
    "sealedfiles grant bob --to prod": ["grant", "bob", "--to", "production"],
    "sealedfiles get größe\\ ü/my\\ file.yaml gr": ["get", "größe ü/my file.yaml", "größe"],
}
"""What is typed before TAB is pressed, and the words that the command then gets."""

SET_UP = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}


def words_after_tab(shell: str, person: Person, folder: Path, typed: list[str]) -> list[list[str]]:
    """Type lines in an interactive shell and press TAB after each; return the resulting words of each."""
    command = SET_UP[shell]
    installed(command[0])
    variables = {**person.environment(), "PS1": "> ", "TERM": "dumb", "HISTFILE": ""}
    environment = [f"{name}={value}" for name, value in variables.items()]
    prepare = "bindkey -e; autoload -U compinit; compinit -u -D; " if shell == "zsh" else ""
    # To the begin of the line, and to its end: the shell itself then shows its words.
    lines = [f"{line}\t\x01printf '<%s>' \x05 END" for line in typed]
    status, shown = on_terminal(
        ["env", "-i", "-C", folder, *environment, *command],
        [
            ("> ", f"{prepare}eval \"$(sealedfiles completion {shell})\"; printf '<%s>' END"),
            *(("<END>", line) for line in lines),
            ("<END>", "exit"),
        ],
    )
    assert status == 0, shown
    found = re.findall(r"<sealedfiles>((?:<[^<>]*>)*?)<END>", shown)
    assert len(found) == len(typed), shown
    return [re.findall(r"<([^<>]*)>", line) for line in found]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminal")
@pytest.mark.parametrize("shell", SET_UP)
def test_what_is_inserted_is_what_the_command_gets(odd: Repo, shell: str) -> None:
    words = words_after_tab(shell, odd.person, odd.path, list(TYPED))
    assert dict(zip(TYPED, words, strict=True)) == TYPED


@pytest.mark.slow
def test_fish_offers_the_same(odd: Repo) -> None:
    # It quotes by itself what it inserts.
    typed = {
        line: expected
        for line, expected in TYPED.items()
        if "'" not in line and '"größe' not in line
    }
    script = "sealedfiles completion fish | source\n" + "".join(
        f"complete -C {quoted_for_fish(line)}; echo ==\n" for line in typed
    )
    out, err = odd.person.run([installed("fish"), "--no-config", "-c", script], odd.path)
    assert err == ""
    answers = [part.split("\n")[:-1] for part in out.decode().split("==\n")[:-1]]
    offered = [[line.partition("\t")[0] for line in answer] for answer in answers]
    assert offered == [[expected[-1]] for expected in typed.values()]


def quoted_for_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@SHELLS
def test_the_script_is_printed_and_is_free_of_errors(alice: Person, shell: str) -> None:
    script, err = alice.run([*program(), "completion", shell], alice.home)
    assert err == ""
    check = {"bash": ["-n"], "zsh": ["-n"], "fish": ["--no-execute"]}[shell]
    (alice.home / "script").write_bytes(script)
    alice.run([installed(shell), *check, str(alice.home / "script")], alice.home)


def test_another_shell_is_named_and_refused(alice: Person) -> None:
    _, err = alice.run([*program(), "completion", "tcsh"], alice.home, code=2)
    assert "tcsh" in err


# -- files


def test_sealed_files_are_offered_and_no_others(repo: Repo) -> None:
    assert values(repo, "get", "") == sorted(FILES)
    assert values(repo, "get", "s") == [YAML]


def test_where_no_sealed_file_matches_the_shell_offers_its_own(repo: Repo, alice: Person) -> None:
    assert asked(repo, "get", "READ") == ["file"]
    repo.write("docs/a.txt", "a\n")
    assert asked(repo, "get", "", cwd=repo.path / "docs") == ["file"]
    (alice.home / "plain.yaml").write_text("a: 1\n")
    assert asked(repo, "get", "", cwd=alice.home) == ["file"], "outside of git"


def test_names_continue_from_the_typed_folder(repo: Repo, tmp_path: Path) -> None:
    below = repo.path / "secrets"
    assert values(repo, "get", "", cwd=below) == ["app.yaml"]
    assert values(repo, "get", "../c", cwd=below) == ["../config/app.json"]
    assert values(repo, "get", "./s") == ["./secrets/app.yaml"]
    assert values(repo, "get", f"{repo.path}/c", cwd=tmp_path) == [f"{repo.path}/config/app.json"]
    assert asked(repo, "get", "no/such/folder/") == ["file"]


def test_a_file_already_given_is_not_offered_again(repo: Repo) -> None:
    assert YAML not in values(repo, "cat", YAML, "")


def test_a_file_that_does_not_exist_is_not_offered(repo: Repo) -> None:
    (repo.path / YAML).unlink()
    assert YAML not in values(repo, "get", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_name_with_a_line_break_is_left_out(repo: Repo) -> None:
    repo.write("secrets/a\nplain,b.yaml", "a: 1\n")
    repo.write("secrets/\x1b[2J.yaml", "a: 1\n")
    repo.commit("hostile names")
    assert values(repo, "get", "sec") == [YAML]


def commands(group: click.Group) -> Iterator[click.Command]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command
        if isinstance(command, click.Group):
            yield from commands(command)
        else:
            yield command


def test_every_command_with_a_file_argument_offers_files(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else a shell, which has completed them all by itself so far, would complete none.
    monkeypatch.chdir(alice.home)
    for command in commands(app):
        ctx = click.Context(command)
        for param in command.params:
            if re.match(
                r"FILE(\.|$)|PATTERN\.", param.metavar or param.human_readable_name.upper()
            ):
                offered = [item.type for item in param.shell_complete(ctx, "")]
                assert offered == ["file"], f"{command.name} {param.name}"


# -- names


def test_names_of_readers_groups_patterns_and_findings_are_offered(repo: Repo) -> None:
    assert values(repo, "revoke", "") == ["alice", "bob"]
    assert values(repo, "exposure", "b") == ["bob"]
    assert values(repo, "trust", "") == ["policy", "alice", "bob"]
    assert values(repo, "rotate-value", "--exposed", "a") == ["alice"]
    for words in (
        *(["grant", "bob", "--to"], ["revoke", "bob", "--from"], ["track", "x", "--group"]),
        *(["rotate"], ["group", "delete"], ["sync", "--forget"], ["unlock", "--accept"]),
        *(["run", "--group"], ["keygen", "--to"], ["adopt", "--group"], ["migrate", "--group"]),
    ):
        assert values(repo, *words, "") == ["default", "production"], words
    assert values(repo, "rotate", "default", "") == ["production"]
    assert values(repo, "check", "--explain", "sealed-b") == ["sealed-before"]
    assert values(repo, "untrack", "") == ["secrets/**/*.yaml", "config/*.json", "*.env"]
    assert values(repo, "untrack", "*.env", "") == ["secrets/**/*.yaml", "config/*.json"]
    assert values(repo, "untrack", "README") == ["file"]


def test_names_are_no_problem_outside_of_a_repository(alice: Person) -> None:
    home = Repo(alice, alice.home)
    assert values(home, "revoke", "") == []
    assert values(home, "grant", "bob", "--to", "") == []


def test_bash_leaves_the_command_of_run_to_its_own_completions(alice: Person) -> None:
    """bash-completion, where it is loaded, knows the options of that command."""
    script = """
        eval "$(sealedfiles completion bash)"
        _command_offset() { COMPREPLY=("offset $1"); }
        COMP_WORDS=(sealedfiles --quiet run -f a.env -- git sta) COMP_CWORD=7
        _sealedfiles_completion sealedfiles
        echo "${COMPREPLY[@]}"
    """
    out, err = alice.run([installed("bash"), "-c", script], alice.home)
    assert (out.decode(), err) == ("offset 6\n", "")


# -- key paths


def test_key_paths_are_offered_in_the_order_of_the_file(odd: Repo) -> None:
    file = "größe ü/my file.yaml"
    assert values(odd, "get", file, "") == [
        "database.password",
        'database."tls.crt"',
        "users[0].token",
        "users[1].token",
        '"a b:c"',
        "größe",
    ]
    assert values(odd, "get", file, "users[") == ["users[0].token", "users[1].token"]
    assert values(odd, "get", ENV, "D") == ["DB_USER", "DB_PASSWORD"]


def test_missing_quoting_of_quotes_is_added(odd: Repo) -> None:
    assert values(odd, "get", "größe ü/my file.yaml", "database.tls.c") == ['database."tls.crt"']


def test_collections_are_offered_where_the_command_takes_them(odd: Repo) -> None:
    file = "größe ü/my file.yaml"
    assert values(odd, "unset", file, "us") == [
        *("users", "users[0]", "users[0].token", "users[1]", "users[1].token")
    ]
    assert "users[0]" in values(odd, "get", "--json", file, "us")
    assert "users[0]" not in values(odd, "set", file, "us")


def test_no_key_is_needed_and_nothing_prompts(repo: Repo, origin: Path, tmp_path: Path) -> None:
    asking = {"SEALEDFILES_KEY_CMD": f"touch '{tmp_path / 'asked'}'"}
    nobody = Person.at(tmp_path / "nobody").having(**asking)
    clone = nobody.clone(origin, tmp_path / "clone")
    assert "sealed:v1:" in clone.read(YAML)
    assert "database.password" in values(clone, "get", YAML, "")
    repo.sealedfiles("seal", YAML)
    assert "database.password" in values(repo, "set", YAML, "")
    assert not (tmp_path / "asked").exists()


def test_a_format_that_a_rule_names_counts(repo: Repo) -> None:
    repo.sealedfiles("track", "settings.conf", "--format", "yaml")
    repo.write("settings.conf", "deep:\n  key: a\n")
    assert values(repo, "get", "settings.conf", "") == ["deep.key"]


# -- and never anything but an answer


@pytest.mark.parametrize(
    "content",
    [b"a: [1\n", b"\xff\xfe\x00", b"", b"- &a [*a]\n", b"'\n" * 9, b"a: 1\na: 2\n<<<<<<< x\n"],
    ids=["broken", "binary", "empty", "endless", "quotes", "conflict"],
)
def test_a_file_that_cannot_be_read_offers_nothing(repo: Repo, content: bytes) -> None:
    repo.write(YAML, content)
    assert values(repo, "get", YAML, "") == []


def test_a_missing_file_offers_nothing(repo: Repo) -> None:
    assert values(repo, "get", "secrets", "") == []
    assert values(repo, "get", "no such.yaml", "") == []


def test_a_broken_repository_gives_no_error(repo: Repo) -> None:
    repo.write(".sealedfiles/policy.yaml", "version: [\n")
    assert "database.password" in values(repo, "get", YAML, "")
    (repo.path / ".git/index").write_bytes(b"garbage")
    assert asked(repo, "get", "") == ["file"]


@pytest.mark.parametrize(
    "words", [["no-such-command", ""], ["get", "--no-such", "a", ""], ["get", "'"]]
)
def test_a_wrong_line_gives_no_error(repo: Repo, words: list[str]) -> None:
    asked(repo, *words)


def test_internal_errors_are_not_shown(repo: Repo) -> None:
    broken = """
import os, sys
from sealedfiles import cli
from sealedfiles.cli import completers
def sealed_files(_incomplete):
    print("in Python", file=sys.stderr)
    os.system("echo in a program >&2")
    raise RuntimeError
completers.sealed_files = sealed_files
sys.exit(cli.run_command_line([]))
"""
    question = {"_SEALEDFILES_COMPLETE": "fish_complete", "COMP_WORDS": "sealedfiles get "}
    person = repo.person.having(**question, COMP_CWORD="")
    assert person.run([sys.executable, "-c", broken], repo.path, code=1) == (b"", "")


@pytest.mark.parametrize("instruction", ["tcsh_complete", "bash_complete", "zsh_nonsense", ""])
def test_an_invalid_request_gets_no_answer(alice: Person, instruction: str) -> None:
    person = alice.having(_SEALEDFILES_COMPLETE=instruction)
    assert person.run([*program(), "status"], alice.home, code=1) == (b"", "")


# -- quoting for bash


BREAKS = " \t\n\"'@><=;|&(:"
TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("\"'\\ $`:=[]~!#*"))


@given(st.lists(TEXTS.filter(bool), min_size=1, max_size=4))
def test_quoted_words_are_read_as_the_words_they_were(words: list[str]) -> None:
    line = " ".join(quote(word, "") for word in words)
    assert split_line(line, BREAKS)[:2] == (words[:-1], words[-1])


@pytest.mark.parametrize("quoting", ["", "'", '"'])
def test_bash_reads_what_was_quoted_as_what_it_was(quoting: str) -> None:
    bash = installed("bash")

    @settings(max_examples=40)
    @given(TEXTS.filter(bool))
    def check(text: str) -> None:
        done = subprocess.run(
            [bash, "-c", f"printf %s {quoting}{quote(text, quoting)}{quoting}"],
            env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "HOME": "/nowhere"},
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode() == text

    check()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ([], "", 0, "")),
        ("a b ", (["a", "b"], "", 0, "")),
        ("a b:c", (["a"], "b:c", 2, "")),
        ("a b\\:c", (["a"], "b:c", 0, "")),
        ("a b@c", (["a"], "b@c", 1, "")),
        ("a 'b c", (["a"], "b c", 0, "'")),
        ("a x'b c", (["a"], "xb c", 1, "'")),
        ("a 'b:'c", (["a"], "b:c", 0, "")),
        ('a "b\\"c', (["a"], 'b"c', 0, '"')),
        ("a b\\", (["a"], "b", 0, "")),
        ("a '' ", (["a", ""], "", 0, "")),
    ],
)
def test_a_line_is_read_as_bash_reads_it(line: str, expected: object) -> None:
    assert split_line(line, BREAKS) == expected


def test_targets_are_completed_without_a_key(world: World, tmp_path: Path) -> None:
    """Also those that nobody has proved: completion must not ask for a passphrase."""
    repo = world.copy("alice", tmp_path / "orders")
    policy = ".sealedfiles/policy.yaml"
    target = "{to: k8s://shop/x, from: a}"
    targets = f"targets: {{production: {target}, staging: {target.replace('x', 'y')}}}\n"
    repo.write(policy, repo.read(policy) + targets)
    for command in ("push", "pull"):
        assert values(repo, command, "") == ["production", "staging"]
        assert values(repo, command, "st") == ["staging"]
    assert values(repo, "pull", "staging", "secr") == ["secrets/app.yaml"]
    assert values(repo, "push", "", cwd=tmp_path) == []
