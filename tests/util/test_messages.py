"""Everything that is printed goes through one place, which escapes what a terminal could act on."""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import sealedfiles
from sealedfiles.age.terminal import printable as printable_in_age
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import (
    on_one_line,
    printable,
    printable_page,
    say,
    say_lines,
    shell_key,
    shell_path,
    shell_word,
    show,
    show_json,
    show_list,
    warn,
)

PACKAGE = Path(sealedfiles.__file__).parent
HOSTILE = "\x1b]0;PWN\x07\x9b31m\x7f\u202e\u2066\u200b\u2028\ufeff\u3164\udc9b\ud800\r\n\t"
RAW = {
    "cli/files.py",  # print_value: what `get`, `cat` and `key export` print
    "cli/rotate_value.py",  # a value that a command has printed, which may not be UTF-8
    "cli/cat.py",  # a file as it is, and the masks of GitHub's runner
    "git/filter/process.py",  # git's protocol
    "git/filter/main.py",  # the filtered file
    "age/terminal.py",  # age knows nothing of this package, and has the same rule
    "cli/progress_line.py",  # moves the cursor itself
    "util/messages.py",
}
"""The modules that write to stdout or stderr themselves."""


@given(st.text())
def test_what_is_printed_cannot_act_on_a_terminal(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not any(0xD800 <= ord(char) < 0xE000 for char in shown)
    assert printable(shown) == shown
    if all(unicodedata.category(char)[0] in "LNPS" and char < "\u0250" for char in text):
        assert shown == text


def test_every_control_character_is_escaped_here_and_in_age() -> None:
    for number in (*range(0x3000), *range(0xD800, 0xE000), *range(0xFE00, 0x10000), 0xE0001):
        char = chr(number)
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"):
            assert printable(char).startswith("\\"), hex(number)
            assert printable_in_age(char).startswith("\\"), hex(number)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢字 €", "plain é 漢字 €"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nhint: run this", r"a\nhint: run this"),
        ("\x9b", r"\x9b"),
        ("\udc9b", r"\x9b"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("a\u200bb\u00a0c", r"a\u200bb\xa0c"),
        ("a\u3164b\ufe0f", r"a\u3164b\ufe0f"),
    ],
)
def test_escaped_text_can_be_read(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lists_for_programs_have_a_version_and_null_for_what_is_absent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_list({"rows": [{"path": "a", "key": "", "n": 0, "in": {"x": ("", "y")}}], "name": ""})
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "rows": [{"path": "a", "key": None, "n": 0, "in": {"x": [None, "y"]}}],
        "name": None,
    }


def test_messages_tables_and_json_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{HOSTILE} is not a file", f"run: rm {HOSTILE}")
    show(f"open  {HOSTILE}", HOSTILE)
    show_json({HOSTILE: HOSTILE}, indent=2)
    out, err = capsys.readouterr()
    assert all(line.isprintable() for line in (*out.split("\n"), *err.split("\n")))
    assert err.count("\n") == 2  # a name brings no line of its own that could look like a hint
    assert json.loads(out.split("\n", 2)[2]) == {HOSTILE: HOSTILE}


@pytest.mark.parametrize("user", ["u:s3cr3t", "s3cr3t", "u:s3cr3t@x", "git:s3cr3t"])
def test_the_user_of_a_url_is_masked(user: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"unable to access 'https://{user}@h/x', ssh://git@h/x, a@h"
    warn(text, text)
    shown = "unable to access 'https://[user]@h/x', ssh://git@h/x, a@h"
    assert capsys.readouterr().err == f"sealedfiles: warning: {shown}\nhint: {shown}\n"


def test_a_page_keeps_its_lines() -> None:
    assert printable_page(f"<p>\n{HOSTILE}</p>\n").split("\n") == [
        "<p>",
        printable(HOSTILE[:-2]),
        r"\t</p>",
        "",
    ]


def test_what_git_says_becomes_one_line() -> None:
    words = b"error: bad \x1b[2Jname\xff\n\nhint: do this\n"
    assert on_one_line(words) == r"error: bad \x1b[2Jname\xff; hint: do this"


def test_a_path_is_shown_as_any_other_text() -> None:
    assert show_path(b"a\x9b\xc2\x9b\n\xff.env") == r"a\x9b\x9b\n\xff.env"


SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh") if shutil.which(shell)]
NAMES = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=12)


@pytest.mark.skipif(not SHELLS, reason="without a POSIX shell")
@settings(max_examples=15)
@given(st.lists(st.one_of(NAMES, st.binary(min_size=1, max_size=9).map(os.fsdecode)), max_size=8))
@example(
    [
        "x;id",
        "$(id)",
        "`id`",
        "a'b\"c",
        "a\\'b\n;id",
        "-x",
        "~",
        "*",
        "!x",
        "#x",
        "\x1b'",
        "\u202e\\",
    ]
)
def test_a_word_of_a_command_is_one_word(texts: list[str]) -> None:
    words = [shell_word(text.replace("\0", "").replace("\ud800", "")) for text in texts]
    assert all(word == printable(word) for word in words)
    said = [_words(shell, words) for shell in SHELLS]
    assert [len(one) for one in said] == [len(texts)] * len(SHELLS)


def _words(shell: str, words: list[str]) -> list[bytes]:
    """Return what *shell* passes to a command with *words*."""
    line = "printf '%s\\0' " + " ".join(words) if words else ":"
    run = subprocess.run([shell], input=line.encode(), capture_output=True, check=True, timeout=60)
    assert not run.stderr
    return run.stdout.split(b"\0")[:-1]


@pytest.mark.skipif("bash" not in SHELLS, reason="without bash")
@pytest.mark.parametrize(
    "name", [b"x;id", b"sp ace", b"q'\\", b"\xff\x1b'\\1", "\u202eé\u200b".encode(), b"a\nb"]
)
def test_a_word_of_a_command_is_the_name(name: bytes) -> None:
    assert _words("bash", [shell_path(name)]) == [name]


def test_a_name_is_neither_an_option_nor_magic() -> None:
    assert shell_path(b"-dash.yaml") == "./-dash.yaml"
    assert shell_path(":(top)x") == "'./:(top)x'"
    assert shell_path("a/-b.env") == "a/-b.env"
    assert shell_word("") == "''"


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        ("a.b", "a.b"),
        ("users[].token", "'users[].token'"),
        ("-k", "'\"-k\"'"),
        ("-k.b[]", "'\"-k\".b[]'"),
        ('"- x;id"', "'\"- x;id\"'"),
    ],
)
def test_a_key_is_no_option(shown: str, word: str) -> None:
    assert shell_key(shown) == word


def test_a_private_key_in_a_command_is_masked() -> None:
    assert shell_word("AGE-SECRET-KEY-1" + "Q" * 58) == "'[private key]'"


def test_a_stream_of_another_encoding_gets_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    show("né")
    assert stream.buffer.getvalue() == b"n\\xe9\n"


@pytest.mark.slow
def test_nothing_else_writes_to_a_terminal() -> None:
    """A caller cannot forget to escape: every other way to print is refused here."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Attribute, ast.Name)):
                text = ast.unparse(node)
                is_click = text in ("click.echo", "click.secho", "click.confirm", "click.prompt")
                is_stream = text in ("sys.stdout.write", "sys.stderr.write", "print", "input")
                is_stream |= text in ("sys.stdout.buffer", "sys.stderr.buffer")
                is_stream &= name not in RAW
                if is_stream or (is_click and name != "cli/prompts.py"):
                    found.append(f"{name}:{node.lineno}: {text}")
    assert not found


class _Broken(io.StringIO):
    """A terminal that was closed, or a file on a full disk."""

    def flush(self) -> None:
        raise BrokenPipeError


def test_a_message_that_cannot_be_printed_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", _Broken())
    say("done")
    say_lines("a detail")


def test_data_that_cannot_be_printed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Broken())
    with pytest.raises(BrokenPipeError):
        show("a value")
