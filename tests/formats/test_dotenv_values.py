from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from dotenv.main import DotEnv
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealedfiles.errors import FormatError, UsageError
from sealedfiles.formats.dotenv.values import DIALECTS, PYTHON_BEFORE, read

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path("~root").expanduser()
ENVIRON = {"HOST": "h", "EMPTY": ""}


def pieces(*more: str) -> st.SearchStrategy[str]:
    shared = ["A", "B=", "A=", "HOST=", "export ", "#", " #", "=", "x", "é", " ", "\t", "\n", "\n"]
    shared += ["'", '"', "\\", "${A}", "${HOST}", "${", "}", ":-", "\x85", "\xa0"]
    return st.lists(st.sampled_from([*shared, *more]), max_size=20).map("".join)


# python


def as_python_dotenv(text: str, *, override: bool) -> dict[str, str | None]:
    # Line ends as in a file that it opens itself.
    stream = io.StringIO(text, newline=None)
    with mock.patch.dict(os.environ, ENVIRON, clear=True):
        return dict(DotEnv(None, stream=stream, override=override).dict())


@settings(deadline=None)
@given(pieces("'k'", "\r\n", "\r", "$A", r"\n", r"\'", "`", ":", "\x0b", "\u2028") | st.text(), st.booleans())  # fmt: skip
@example("A=\"x\\\\\"\nB='y\\'z'", False)
@example("A= # c\nB=#c\nC=x#y # z", False)
@example("A\nB=${A:-x}${NO:-y}${EMPTY:-z}", True)
def test_python_is_read_as_python_dotenv_reads_it(text: str, override: bool) -> None:
    text = text.removeprefix("\ufeff")
    expected = as_python_dotenv(text, override=override)
    found = read(text, "python", ENVIRON, override=override)
    assert list(found.items()) == list(expected.items())


def test_a_key_alone_has_no_value_in_python() -> None:
    assert read("A\nexport B\nC=") == {"A": None, "B": None, "C": ""}


# node, compose and docker.  What they say was printed by dotenv 16.6.1 for node, compose-go 2.16.2 and
# the env-file parser of the docker client 28.2.2; None where they refuse the text.


@pytest.mark.parametrize(
    ("text", "node", "compose", "docker"),
    [
        ("A=one", {"A": "one"}, {"A": "one"}, {"A": "one"}),
        ("A = one", {"A": "one"}, {"A": "one"}, None),
        ("export A=one", {"A": "one"}, {"A": "one"}, None),
        ("A=one#c", {"A": "one"}, {"A": "one#c"}, {"A": "one#c"}),
        ("A=one # c", {"A": "one"}, {"A": "one"}, {"A": "one # c"}),
        ("A=#x", {"A": ""}, {"A": "#x"}, {"A": "#x"}),
        ("A: one", {"A": "one"}, {"A": "one"}, None),
        ("A=", {"A": ""}, {"A": ""}, {"A": ""}),
        ("A", {}, {}, {}),
        ("HOST", {}, {"HOST": "h"}, {"HOST": "h"}),
        ("A='x # y'", {"A": "x # y"}, {"A": "x # y"}, {"A": "'x # y'"}),
        ('A="x # y" # c', {"A": "x # y"}, {"A": "x # y"}, {"A": '"x # y" # c'}),
        ('A="x"y', {"A": '"x"y'}, {"A": "x"}, {"A": '"x"y'}),
        ('A="x', {"A": '"x'}, None, {"A": '"x'}),
        (r"A='it\'s'", {"A": r"it\'s"}, {"A": "it's"}, {"A": r"'it\'s'"}),
        (r'A="a\"b"', {"A": r"a\"b"}, {"A": 'a"b'}, {"A": r'"a\"b"'}),
        (r'A="a\tb\\c"', {"A": r"a\tb\\c"}, {"A": "a\tb\\c"}, {"A": r'"a\tb\\c"'}),
        (r'A="a\nb\rc"', {"A": "a\nb\rc"}, {"A": "a\nb\rc"}, {"A": r'"a\nb\rc"'}),
        (r"A='a\nb'", {"A": r"a\nb"}, {"A": r"a\nb"}, {"A": r"'a\nb'"}),
        (r'A="\0101\z\012"', {"A": r"\0101\z\012"}, {"A": r"A\z\12"}, {"A": r'"\0101\z\012"'}),
        ("A=`x 'y'`", {"A": "x 'y'"}, {"A": "`x 'y'`"}, {"A": "`x 'y'`"}),
        ('A="1\n2"', {"A": "1\n2"}, {"A": "1\n2"}, {"A": '"1'}),
        ("A='1\n2' # c", {"A": "1\n2"}, {"A": "1\n2"}, None),
        ("A=$HOST-${HOST}", {"A": "$HOST-${HOST}"}, {"A": "h-h"}, {"A": "$HOST-${HOST}"}),
        ("A='$HOST'", {"A": "$HOST"}, {"A": "$HOST"}, {"A": "'$HOST'"}),
        (r'A="\$HOST $$HOST"', {"A": r"\$HOST $$HOST"}, {"A": "$HOST $HOST"}, {"A": r'"\$HOST $$HOST"'}),
        ("A=${NO:-d}${NO-e}", {"A": "${NO:-d}${NO-e}"}, {"A": "de"}, {"A": "${NO:-d}${NO-e}"}),
        ("A=${EMPTY:-d}${EMPTY-e}", {"A": "${EMPTY:-d}${EMPTY-e}"}, {"A": "d"}, {"A": "${EMPTY:-d}${EMPTY-e}"}),
        ("A=${HOST:+x}${NO:+y}", {"A": "${HOST:+x}${NO:+y}"}, {"A": "x"}, {"A": "${HOST:+x}${NO:+y}"}),
        ("A=${NO:-${HOST}}", {"A": "${NO:-${HOST}}"}, {"A": "h"}, {"A": "${NO:-${HOST}}"}),
        ("A=${NO:?no}", {"A": "${NO:?no}"}, None, {"A": "${NO:?no}"}),
        ("A=${HOST?no}", {"A": "${HOST?no}"}, {"A": "h"}, {"A": "${HOST?no}"}),
        ("A=${", {"A": "${"}, None, {"A": "${"}),
        ("A=$(cat x)", {"A": "$(cat x)"}, {"A": "$(cat x)"}, {"A": "$(cat x)"}),
        ("A=1\nB=${A}\nA=2", {"A": "2", "B": "${A}"}, {"A": "2", "B": "1"}, {"A": "2", "B": "${A}"}),
        ("HOST=x\nA=$HOST", {"HOST": "x", "A": "$HOST"}, {"HOST": "x", "A": "h"}, {"HOST": "x", "A": "$HOST"}),
        ("a.b-c=1", {"a.b-c": "1"}, {"a.b-c": "1"}, {"a.b-c": "1"}),
        ("A=x\r\nB='y\r\nz'\r\n", {"A": "x", "B": "y\nz"}, {"A": "x", "B": "y\r\nz"}, {"A": "x", "B": "'y"}),
        ("A=1\rB=2", {"A": "1", "B": "2"}, {"A": "1\rB=2"}, {"A": "1\rB=2"}),
        (" A=1 \n#c\n\n B=2", {"A": "1", "B": "2"}, {"A": "1", "B": "2"}, {"A": "1 ", "B": "2"}),
        ("A B=1", {}, None, None),
        ("=x", {}, {}, None),
        ("A[0]=1", {}, {"A[0]": "1"}, {"A[0]": "1"}),
        ("A=é\xa0", {"A": "é"}, {"A": "é"}, {"A": "é\xa0"}),
    ],
)  # fmt: skip
def test_node_compose_and_docker_are_read_as_they_read(
    text: str,
    node: dict[str, str],
    compose: dict[str, str] | None,
    docker: dict[str, str] | None,
) -> None:
    for dialect, expected in ("node", node), ("compose", compose), ("docker", docker):
        if expected is None:
            with pytest.raises(FormatError):
                read(text + "\n", dialect, ENVIRON)
        else:
            assert read(text + "\n", dialect, ENVIRON) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_last_line_needs_no_line_end(dialect: str) -> None:
    assert read("A=1\nB='x y'", dialect)["A"] == "1"
    assert set(read("A=1\nB=2", dialect)) == {"A", "B"}
    assert read("", dialect) == {}


# bash


class Bash:
    """A bash that sources one file after the other, each in a shell of its own."""

    NAMES = ("A", "B", "HOST", "EMPTY")
    SCRIPT = """
        while IFS= read -r __file; do
            (
                . "$__file" 2>"$__file.stderr"
                for __name in A B HOST EMPTY; do
                    printf '%s\\0' "${__name}${!__name+=}${!__name-}"
                done
            )
            printf 'end\\0'
        done
    """

    def __init__(self, bash: str, folder: Path) -> None:
        self._file = folder / "env"
        # No programs can be found.
        environ = {**ENVIRON, "HOME": "/h", "PATH": "", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            [bash, "--norc", "-c", self.SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            cwd=folder,
        )

    def source(self, text: str) -> dict[str, str]:
        """Return the variables that *text* leaves, and as "stderr" what bash says about it."""
        self._file.write_bytes(text.encode())
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(os.fsencode(self._file) + b"\n")
        self.process.stdin.flush()
        output = b""
        while not output.endswith(b"end\0"):
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, "bash has ended"
            output += more
        found = (variable.partition("=") for variable in output.decode().split("\0")[:-2])
        stderr = self._file.with_name("env.stderr").read_text()
        return {name: value for name, sign, value in found if sign} | {"stderr": stderr}


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bash]:
    program = shutil.which("bash")
    if program is None:
        assert os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") != "1", "bash is missing"
        pytest.skip("needs bash")
    version = subprocess.run(
        [program, "-c", "echo $BASH_VERSINFO"], capture_output=True, check=True
    )
    if int(version.stdout) < 5:
        pytest.skip("needs bash 5: older ones know fewer escapes")
    started = Bash(program, tmp_path_factory.mktemp("bash"))
    yield started
    started.process.kill()
    started.process.communicate()


def same_in_bash(bash: Bash, text: str) -> None:
    """Check what *text* is read as against bash; nothing, where it is refused."""
    environ = {**ENVIRON, "HOME": "/h"}
    try:
        values = read(text, "bash", environ, override=True)
    except FormatError:
        return
    known = {**ENVIRON, **values}
    shown = {name: value for name in Bash.NAMES if (value := known.get(name)) is not None}
    assert bash.source(text) == shown | {"stderr": ""}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=one # c\n#B=2\n\n  B=x#y", {"A": "one", "B": "x#y"}),
        ("export A=1 B='x y'; HOST=2 #c", {"A": "1", "B": "x y", "HOST": "2"}),
        ("A=1 B=$A; export A=2 B=$A$B", {"A": "2", "B": "11"}),
        ("export HOST A\nA=", {"A": ""}),
        ("A=1\nA+=2\nHOST+=x", {"A": "12", "HOST": "hx"}),
        ("A='x\n$B' B=\"1\n\\\"\\$\\`\\\\ \\n\"", {"A": "x\n$B", "B": '1\n"$`\\ \\n'}),
        ("A=x'y z'\"$HOST\"\\ \\'\\\n1", {"A": "xy zh '1"}),
        (r"A=$'a\tb\n\x41\101\u00e9\'\z\0gone'x B=$'\xc3\xa9'", {"A": "a\tb\nAAé'\\zx", "B": "é"}),
        ('A=$"x $HOST" B="$\'"', {"A": "x h", "B": "$'"}),
        ("A=$HOST$NO${HOST}x${NO} B=$ EMPTY=a$%", {"A": "hhx", "B": "$", "EMPTY": "a$%"}),
        ("A=${NO:-d e}${NO-f}${EMPTY:-g}${EMPTY-h}", {"A": "d efg"}),
        ('A=${HOST:+"x }"}${NO:+y}${EMPTY+z} B="${NO:-a "$HOST" \\} b}"', {"A": "x }z", "B": "a h } b"}),
        ("A=${NO-${EMPTY:-${HOST}}} B=${HOST?no}", {"A": "h", "B": "h"}),
        ("A=~ B=x:~/y:~ HOST='~' EMPTY=x~", {"A": "/h", "B": "x:/h/y:/h", "HOST": "~", "EMPTY": "x~"}),
        ("A=~no-such-user B=~root/x", {"A": "~no-such-user", "B": f"{ROOT}/x"}),
        ("A={a,b}*?[x] B=!x=y", {"A": "{a,b}*?[x]", "B": "!x=y"}),
        ("A=x\r\nB='y'\r\n", {"A": "x\r", "B": "y\r"}),
    ],
)  # fmt: skip
def test_bash_is_read_as_bash_evaluates_it(text: str, values: dict[str, str], bash: Bash) -> None:
    assert read(text, "bash", {**ENVIRON, "HOME": "/h"}, override=True) == values
    same_in_bash(bash, text)


# fmt: off
SHELL = [
    '="', "='", "$'", '"${A:-', "${EMPTY:-", "${NO:+", "${NO-", "${HOST?", "}\"", "$NO", "$HOST", "$$",
    "\\\n", ";", "~", "~/", "~root", ":", "/", "{a,b}", "*", "(", "&", r"\x41", r"\101", r"\u00e9",
    r"\0", "A+=", "\r", "!", "?", "[", "1", "-", "+", "y z", '"${NO:-"',
]
# fmt: on


@settings(deadline=None, max_examples=300)
@given(text=pieces(*SHELL).map("A=".__add__))
@example(text="A=\"${NO:-'x'}\"")
@example(text="A='x' B=x\\")
def test_what_is_read_as_bash_bash_reads_alike(bash: Bash, text: str) -> None:
    same_in_bash(bash, text)


@pytest.mark.parametrize(
    "text",
    [
        "A=$(touch ran)",
        "A=`touch ran`",
        'A="x $(touch ran)"',
        'A="${HOST:-`touch ran`}"',
        "A=$[1+1]",
        "A=$((1+1))",
        "A=hello touch",
        "touch ran",
        "A=1 touch ran",
        "A=1; touch ran",
        "A=1 & touch ran",
        "A=x|y",
        "A=<(touch)",
        "A=(1 2)",
        "A[0]=1",
        "export -p",
        "export A={1,2}",
        "set -a",
        "; A=1",
        "A=1;;B=2",
        "A=x\\",
        "A='x",
        'A="x',
        "A=$'x",
        "A=${HOST",
        "A=${HOST:-x",
        "A=${HOST:=x}",
        "A=${#HOST}",
        "A=${HOST%x}",
        "A=${!HOST}",
        "A=${NO:?s3cr3t}",
        "A=$1",
        "A=$$",
        "A=$_",
        "A=~+",
        "A=~",
        "A=${NO-~}",
        "A=$HO\\\nST",
        "A=~ro\\\not",
        r"A=$'\cA'",
        r"A=$'\xff'",
        r"A=$'\UFFFFFFFF'",
        "A=\"${NO-'x'}\"",
        "A=" + "${NO:-" * 5000,
    ],
)
def test_what_a_shell_would_act_on_is_refused_with_its_line_and_never_run(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError) as refused:
        read(f"B='s3cr3t'\n{text}", "bash", ENVIRON)
    assert refused.value.line >= 2
    assert "s3cr3t" not in refused.value.message
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_the_key_and_the_line() -> None:
    with pytest.raises(
        FormatError, match="the value of PASSWORD is the output of a command"
    ) as bash:
        read("\nexport PASSWORD=a$(cat)", "bash")
    assert (bash.value.line, bash.value.column) == (2, 18)
    with pytest.raises(FormatError, match='the value of "PASSWORD" has no') as compose:
        read('A=1\r\nPASSWORD="x', "compose")
    assert (compose.value.line, compose.value.column) == (2, 10)
    with pytest.raises(FormatError, match="docker refuses") as docker:
        read("A=1\n\nA B=s3cr3t", "docker")
    assert (docker.value.line, docker.value.column) == (3, 1)


@pytest.mark.parametrize("before", ["", 'A="x"', "export "])
def test_a_token_alone_is_no_variable_in_compose(before: str) -> None:
    """Compose would read the text before its first colon as a key."""
    damaged = f"sealed:v1:default:{'a' * 16}:{'b' * 8}:EVIL"
    assert "sealed" not in read(f"{before}{damaged}\nB=1\n", "compose")


def test_defaults_nested_without_end_are_refused_in_compose() -> None:
    nested = "${A:-" * 5000 + "}" * 5000
    with pytest.raises(FormatError, match="nested too deeply"):
        read(f"A={nested}", "compose")


# Variables


@pytest.mark.parametrize("dialect", ["python", "compose", "bash"])
def test_a_variable_is_that_of_the_environment_or_with_override_that_of_the_file(
    dialect: str,
) -> None:
    text = "B=${A}${C}\nA=file\nC=${A}\nD=${A}"
    environ = {"A": "environ"}
    plain = {"A": "file", "B": "environ", "C": "environ", "D": "environ"}
    assert read(text, dialect, environ) == plain
    override = {"A": "file", "B": "environ", "C": "file", "D": "file"}
    assert read(text, dialect, environ, override=True) == override
    assert read(text, dialect) == {"A": "file", "B": "", "C": "file", "D": "file"}


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(UsageError, match="dialect 'ruby'"):
        read("A=1", "ruby")


@pytest.mark.parametrize(
    ("text", "before", "now"),
    [
        ("A='C:\\data\\'\n", {"A": "C:\\data\\"}, {}),
        ("A= #hash\n", {"A": "#hash"}, {"A": ""}),
        (
            'A="x\\\\"\nB="\nC=1\n"\n',
            {"A": 'x\\"\nB=', "C": "1", '"': None},
            {"A": "x\\", "B": "\nC=1\n"},
        ),
        ('A="it\'s\\\\"\nB=2\n', {"A": "it's\\", "B": "2"}, {"A": "it's\\", "B": "2"}),
    ],
)
def test_python_dotenv_before_1_2_3_read_other_values(
    text: str, before: dict[str, str | None], now: dict[str, str]
) -> None:
    """As 1.2.2 and 1.2.4 do; a real reader of the first cannot be installed beside the second."""
    assert read(text, PYTHON_BEFORE) == before
    assert read(text, "python") == now
