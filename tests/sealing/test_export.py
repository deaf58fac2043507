from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from io import StringIO
from itertools import product
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sealedfiles.app.files.environment import Variable, variables
from sealedfiles.app.files.export import (
    github_masks,
    to_env,
    to_github,
    to_json,
    to_shell,
    to_yaml,
)
from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.formats.dotenv.values import PYTHON_BEFORE, read
from sealedfiles.formats.json.edit import JSON_EDITOR
from sealedfiles.formats.json.format import JSON
from sealedfiles.formats.yaml.edit import YAML_EDITOR

odd_texts = st.sampled_from(
    [
        *(
            "",
            " ",
            "a ",
            " a",
            "-",
            "- a",
            "?",
            ": a",
            "a: b",
            "a #b",
            "#",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
        ),
        *("%a", "@a", "`a`", "[", "]", "{", "}", ",", "a,b", "'", '"', "\\", "---", "...", "--- a"),
        *(
            "true",
            "True",
            "yes",
            "no",
            "On",
            "y",
            "null",
            "~",
            "NULL",
            "<<",
            "=",
            "a=b",
            ".inf",
            ".nan",
        ),
        *(
            "1",
            "-1",
            "1.5",
            "1e3",
            "0x1f",
            "0o7",
            "017",
            "1_000",
            "12:30",
            "2020-01-01",
            "+1",
            ".5",
        ),
        *(
            "a\nb",
            "a\n",
            "\n",
            "\r",
            "a\r\nb",
            "\t",
            "\x07",
            "\x7f",
            "\x85",
            "\u2028",
            "\ufeff",
            "é",
            "😀",
        ),
        *(
            "/srv/app",
            "a b c",
            "a  b",
            "user@host",
            "a.b-c+d",
            "$A",
            "${A}",
            "$(id)",
            "a'b",
            "\ufffe",
        ),
    ]
)
plain_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
any_text = odd_texts | plain_text
scalar = st.none() | st.booleans() | st.integers() | any_text
any_data = st.recursive(
    scalar | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=15,
)


def made(values: dict[str, str]) -> list[Variable]:
    return variables(dict(values), b"some.env", JSON.path_of, as_named=True)


class Core(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, but with every key a string."""


def as_texts(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


Core.add_constructor("tag:yaml.org,2002:map", as_texts)


# -- structures


@given(any_data)
def test_json_says_the_same(data: Any) -> None:
    assert json.loads(to_json(data)) == data


def test_json_is_indented_and_readable() -> None:
    assert to_json({"a": ["é", 1]}) == '{\n  "a": [\n    "é",\n    1\n  ]\n}\n'


def test_json_keeps_half_a_character_as_an_escape() -> None:
    assert to_json({"a": "\ud800"}) == '{\n  "a": "\\ud800"\n}\n'


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_json_has_no_infinity_and_nan(number: float) -> None:
    with pytest.raises(UsageError, match=r"at limits\[0\]"):
        to_json({"limits": [number]})


@settings(max_examples=300)
@given(any_data)
def test_yaml_says_the_same_in_version_1_1_and_1_2(data: Any) -> None:
    text = to_yaml(data)
    assert yaml.load(text, Loader=Core) == data
    assert YAML(typ="safe", pure=True).load(StringIO(text)) == data
    assert YAML_EDITOR.load(text) == data


def test_yaml_is_written_as_people_write_it() -> None:
    data: Data = {
        "database": {"password": "s3cr3t", "port": 5432, "options": {}},
        "users": [{"name": "a b", "tokens": ["x", "yes"]}, [["deep"]], None],
        "key: odd": "line\nline\n",
    }
    assert to_yaml(data) == (
        "database:\n"
        "  password: s3cr3t\n"
        "  port: 5432\n"
        "  options: {}\n"
        "users:\n"
        "  - name: a b\n"
        "    tokens:\n"
        "      - x\n"
        '      - "yes"\n'
        "  - - - deep\n"
        "  - null\n"
        '"key: odd": "line\\nline\\n"\n'
    )


@pytest.mark.parametrize("number", [1e16, -1e-7, 1.5, 0.1, 1e300, float("inf"), float("-inf")])
def test_yaml_numbers_are_numbers_for_every_reader(number: float) -> None:
    text = to_yaml([number])
    assert yaml.safe_load(text) == [number]
    assert YAML(typ="safe", pure=True).load(text) == [number]


def test_yaml_keys_may_be_longer_than_the_limit_for_a_colon() -> None:
    data: Data = {"k" * 3000: {"a": "b"}, "l" * 3000: ["c"], "\n" * 600: "d"}
    assert yaml.safe_load(to_yaml(data)) == data


@pytest.mark.slow
@pytest.mark.parametrize("write", [to_json, to_yaml])
def test_values_may_be_as_deep_as_key_paths_go(write: Any) -> None:
    def nested(depth: int) -> Any:
        data: Any = "x"
        for level in range(depth):
            data = {"": data} if level % 2 else [data]
        return data

    assert "x" in write(nested(820))
    with pytest.raises(UsageError, match="nested too deeply"):
        write(nested(20_000))


@pytest.mark.parametrize("write", [to_json, to_yaml])
def test_a_number_may_be_too_long(write: Any) -> None:
    with pytest.raises(UsageError, match="too many digits"):
        write([16**10_000])


# -- .env

no_nul = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@pytest.mark.slow
@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,5}", fullmatch=True), odd_texts | no_nul))
def test_the_env_form_is_read_back_by_python_dotenv_and_by_us(values: dict[str, str]) -> None:
    text = to_env(made(values))
    assert dotenv_values(stream=StringIO(text)) == values
    assert read(text) == values


@given(st.text("abcXYZ 0123/.:@#=-_'", max_size=12))
def test_the_env_form_of_what_is_usual_is_the_same_in_every_dialect_with_quotes(value: str) -> None:
    text = to_env(made({"A": value}))
    for dialect in ("python", "node", "compose", "bash"):
        assert read(text, dialect) == {"A": value}, (text, dialect)


def test_a_name_that_an_env_file_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a valid variable name"):
        to_env(made({"a b": "x"}))


# -- shells

shells = (
    []
    if sys.platform == "win32"
    else [shell for shell in ("sh", "bash", "dash", "zsh", "busybox") if shutil.which(shell)]
)


def test_a_value_with_an_escaped_backslash_at_its_end_is_last() -> None:
    """python-dotenv before 1.2.3 continues it up to a quote below it."""
    values = {"DIR": "O'Brien\\", "PASS": "next'one", "OK": "1"}
    text = to_env(made(values))
    assert read(text, "python") == read(text, PYTHON_BEFORE) == values
    assert list(read(text, "python")) == ["PASS", "OK", "DIR"]


@pytest.mark.skipif(not shells, reason="there is no shell")
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | odd_texts)
)
@settings(max_examples=25)
def test_a_shell_that_evaluates_the_shell_form_has_the_values(values: list[str]) -> None:
    named = {f"A{number}": value for number, value in enumerate(values)}
    script = to_shell(made(named)) + "".join(f'printf "%s\\0" "${name}"\n' for name in named)
    for shell in shells:
        command = [shell, "sh"] if shell == "busybox" else [shell]
        done = subprocess.run(
            command, input=script.encode(), capture_output=True, check=True, env={"LC_ALL": "C"}
        )
        assert done.stdout.decode().split("\0")[:-1] == values, shell


@pytest.mark.parametrize("name", ["with.dot", "with-dash", "2fa", "É", "a b", "$(id)", "A[$(id)]"])
def test_a_name_that_a_shell_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="a shell does not allow a variable named"):
        to_shell(made({name: "x"}))


# -- GitHub


def read_as_the_runner_does(text: str) -> dict[str, str]:
    """Return the variables that GitHub's runner reads from the file; it splits lines at LF only."""
    found: dict[str, str] = {}
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        assert heredoc > 0
        assert equals < 0 or heredoc < equals, "name<<delimiter"
        name, delimiter = line.split("<<", 1)
        end = lines.index(delimiter, at)
        found[name] = "\n".join(lines[at:end])
        at = end + 1
    return found


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]*", fullmatch=True), any_text))
def test_the_runner_reads_the_values_back(values: dict[str, str]) -> None:
    values = {
        name: value for name, value in values.items() if not name.startswith(("GITHUB", "RUNNER"))
    }
    assert read_as_the_runner_does(to_github(made(values))) == values


def test_the_end_of_a_value_is_unpredictable() -> None:
    one, other = (to_github(made({"A": "x"})) for _ in range(2))
    assert one != other
    [delimiter] = re.findall("<<(.*)", one)
    assert len(delimiter) > 32


@pytest.mark.parametrize(
    "name", ["GITHUB_SHA", "RUNNER_OS", "NODE_OPTIONS", "node_options", "Github_x"]
)
def test_names_reserved_by_github_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        to_github(made({name: "x"}))


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "NODE_OPTIONS_X", "CI", "GITHUBX", "with.dot"])
def test_other_names_are_not(name: str) -> None:
    assert to_github(made({name: "x"})).startswith(f"{name}<<")


@pytest.mark.parametrize("name", ["A<<B", "A\nB", "A\rB"])
def test_names_that_would_be_read_as_something_else_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="GitHub does not allow a variable named"):
        to_github(made({name: "x"}))


def test_a_mask_is_one_line_and_percent_is_escaped() -> None:
    assert github_masks(["100%0Asafe", "one\r\ntwo\n\n  \nthree", "one"]) == (
        "::add-mask::100%250Asafe\n::add-mask::one\n::add-mask::three\n::add-mask::two\n"
    )


@given(st.lists(any_text, max_size=4))
def test_no_value_can_be_a_command_to_the_runner(texts: list[str]) -> None:
    for line in re.split(r"[\r\n]", github_masks(texts))[:-1]:
        assert line.startswith("::add-mask::")


# -- spelling


SPELLINGS = [
    "0644",
    "02142",
    "007",
    "-012",
    "1.10",
    "1.0",
    "1e3",
    "1E3",
    "1.5e3",
    "1e+3",
    "0x1F",
    "0o17",
    "0b101",
    "1_000",
    "1_0.5",
    "+1",
    "-0",
    ".5",
    "1.",
    "0.10",
    "00",
    "01.5",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "n",
    "true",
    "False",
    "~",
    "null",
    "Null",
    ".inf",
    "-.INF",
    ".nan",
    "12:30:45",
    "190:20:30.5",
    "2001-12-14",
    "2001-12-14t21:59:43.10-05:00",
    "9999999999999999999999",
    "1.000000000000000000001",
    "=",
    "hello",
    "a.b",
    "1.2.3",
    "0xZZ",
    "1e",
    "1__2",
]


class Older(yaml.SafeLoader):
    """YAML 1.1 with ``y`` and ``n`` as in its specification, unlike PyYAML."""

    bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}  # noqa: RUF012


Older.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("[yYnN]"), list("yYnN"))


def older(text: str) -> Any:
    """Read as YAML 1.1."""
    return yaml.load(text, Loader=Older)


def newer(text: str) -> Any:
    """Read as YAML 1.2."""
    return YAML(typ="safe", pure=True).load(StringIO(text))


PLACES = ("a: {}\n", "- {}\n", "a: [{}]\n", "a: {{b: {}}}\n", "{}\n")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_yaml_from_yaml_means_the_same_to_old_and_new_readers(spelling: str) -> None:
    for place, quotes in product(PLACES, ("{}", "'{}'", "!!str {}")):
        source = place.format(quotes.format(spelling))
        written = to_yaml(YAML_EDITOR.load(source, as_written=True))
        for reader in (yaml.safe_load, older, newer):
            try:
                meant = reader(source)
            except (YAMLError, yaml.YAMLError, ValueError):
                continue  # `=` alone has no constructor
            assert repr(reader(written)) == repr(meant), (source, written)


@pytest.mark.parametrize("spelling", [one for one in SPELLINGS if one not in ("=", "~")])
def test_yaml_keys_keep_their_spelling(spelling: str) -> None:
    for source in (f"{spelling}: x\n", f"'{spelling}': x\n"):
        written = to_yaml(YAML_EDITOR.load(source, as_written=True))
        for reader in (yaml.safe_load, newer):
            try:
                meant = reader(source)
            except (YAMLError, yaml.YAMLError, ValueError):
                continue
            assert repr(reader(written)) == repr(meant)


def test_numbers_keep_their_zeros_and_points_in_every_format() -> None:
    source = (
        "mode: 0644\ncode: 02142\nversion: 1.10\nbig: 1e3\nhex: 0x1F\nword: yes\nday: 2024-01-02\n"
    )
    data = YAML_EDITOR.load(source, as_written=True)
    assert to_yaml(data) == source
    assert to_json(data) == (
        '{\n  "mode": "0644",\n  "code": "02142",\n  "version": 1.10,\n  "big": 1e3,\n  "hex": 31,\n'
        '  "word": "yes",\n  "day": "2024-01-02"\n}\n'
    )
    found = variables(data, b"a.yaml", JSON.path_of)
    assert to_env(found) == (
        "MODE=0644\nCODE=02142\nVERSION=1.10\nBIG=1e3\nHEX=0x1F\nWORD=yes\nDAY=2024-01-02\n"
    )
    assert "export MODE='0644'\n" in to_shell(found)


@given(any_data.filter(lambda data: data == data))
def test_json_from_json_is_the_same_text(data: Any) -> None:
    source = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    assert to_json(JSON_EDITOR.load(source, as_written=True)) == source


@pytest.mark.parametrize("number", ["1e3", "1E400", "1.10", "-0", "1.5e-7", "0.0E+5", "1" * 5000])
def test_json_numbers_in_yaml_are_numbers_for_every_reader(number: str) -> None:
    written = to_yaml(JSON_EDITOR.load(f"[{number}]", as_written=True))
    if len(number) > 4000:
        assert written == f"- {number}\n"
        return
    assert yaml.safe_load(written) == newer(written) == json.loads(f"[{number}]")
    assert to_json(JSON_EDITOR.load(f"[{number}]", as_written=True)) == f"[\n  {number}\n]\n"


def test_infinity_in_yaml_is_an_error_in_json() -> None:
    with pytest.raises(UsageError, match=r"at a\[0\]"):
        to_json(YAML_EDITOR.load("a: [.inf]\n", as_written=True))
