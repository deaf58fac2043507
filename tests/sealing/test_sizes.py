"""Files made to be slow: the work must grow linearly with the size of a file, not quadratically.

With quadratic work, each of these took minutes or hours, so the limit can be generous.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest
from documents import (
    ALL,
    DEFAULT,
    ENV,
    JSON,
    NOBODY,
    WHOLE,
    YAML,
    Keyring,
    at,
    mint,
    opened,
    seal,
    tokens,
    unseal,
)

from sealedfiles.errors import SealedFilesError
from sealedfiles.model.policy import parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

MANY = 40_000
SECONDS = 60
"""Of CPU time, which does not depend on what else the machine does."""


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    """Abort a test that hangs (if the system has such a timer)."""
    if not hasattr(signal, "SIGPROF") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        pytest.fail(f"took longer than {SECONDS} seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def listed(path: str, values: list[str]) -> str:
    """Write one list of *values*, below ``a``."""
    if path == YAML:
        return "a:\n" + "".join(f"- {value}\n" for value in values)
    if path == JSON:
        return '{"a": [\n' + ",\n".join(values) + "]}"
    return "".join(f"a={value}\n" for value in values)


every_format = pytest.mark.parametrize("path", [YAML, JSON, ENV])


@every_format
def test_equal_values(path: str) -> None:
    half, whole = listed(path, ["1"] * (MANY // 2)), listed(path, ["1"] * MANY)
    before = seal(path, half)
    after = seal(path, whole, before)
    assert set(tokens(before)) < set(tokens(after))
    assert len(set(tokens(after))) == MANY
    back = seal(path, half, after)
    assert set(tokens(back)) < set(tokens(after))
    assert unseal(path, after) == whole.encode()


@every_format
def test_tokens_without_a_key(path: str) -> None:
    sealed = seal(path, listed(path, [str(number) for number in range(MANY)]))
    result = opened(path, sealed, keys=NOBODY)
    assert result.data == sealed
    assert len(result.problems) == MANY
    assert result.problems[-1].line == sealed.count(b"\n", 0, sealed.rindex(b"sealed:v1:")) + 1


@every_format
def test_tokens_that_are_misplaced(path: str) -> None:
    token = mint(path, at("b"), "1")
    quoted = token if path == ENV else f'"{token}"'
    text = listed(path, [quoted] * MANY)
    result = opened(path, text)
    assert result.data == text.encode()
    assert len(result.problems) == MANY
    assert seal(path, text, text) == text.encode()


@every_format
def test_tokens_of_as_many_keys_groups_and_files(path: str) -> None:
    keys = Keyring(default=0)
    for shape in (
        "sealed:v1:g{0}:{1}:AAAAAAAA:",
        "sealed:v1:default:{1}:AAAAAAAA:",
        "sealed:v1:default:{2}:{0:08d}:",
    ):
        values = [
            shape.format(number, f"{number:016d}".translate(DIGITS), "a" * 16) + "A" * 64
            for number in range(MANY // 4)
        ]
        text = listed(path, [value if path == ENV else f'"{value}"' for value in values])
        result = opened(path, text, keys=keys)
        assert result.data == text.encode()
        assert len(result.problems) == len(values)
    assert len(keys.asked) <= MANY


DIGITS = str.maketrans("0123456789", "abcdefghij")


def test_tokens_inside_of_longer_strings() -> None:
    token = mint(JSON, at("a", None), "1")
    text = listed(JSON, [f'"x {token}"'] * (MANY // 4))
    assert len(opened(JSON, text).problems) == MANY // 4


def test_plain_values_beside_sealed_ones() -> None:
    policy = '{files: "**", values: "p*", plain: true}'
    text = "".join(f"s{number}: 1\np{number}: 1\n" for number in range(MANY // 2))
    before = seal(YAML, text, policy=policy)
    after = seal(YAML, text + "z: 1\n", before, policy=policy)
    assert after.startswith(before)


@pytest.mark.parametrize("named", ["yaml", "dotenv"])
def test_plain_values_under_a_rule_that_names_a_format(named: str) -> None:
    policy = f'{{files: "**", values: "p*", plain: true, format: {named}}}'
    text = "".join(f"s{number}: 1\np{number}: 1\n" for number in range(MANY // 4))
    before = seal(YAML, text, policy=policy)
    after = seal(YAML, text + "z: 1\n", before, policy=policy)
    assert len(tokens(after)) == len(tokens(before)) + 1


def test_comments_times_values() -> None:
    """Values with a common prefix, as in URLs, and as many comments with that prefix."""
    values = [f"https://example.org/{number}" for number in range(MANY // 10)]
    text = listed(YAML, values) + "".join(
        f"# https://example.com/{number}\n" for number in range(MANY // 10)
    )
    sealed = seal(YAML, text)
    assert len(tokens(sealed)) == len(values)
    assert seal(YAML, text + "b: 1\n", sealed).startswith(sealed)


def test_a_long_comment_and_values_of_every_length_made_for_it() -> None:
    text = listed(YAML, ["a" * (8 + number) for number in range(400)]) + "# " + "a" * MANY + "\n"
    assert len(tokens(seal(YAML, text))) == 401


def test_equal_values_and_a_comment_of_them() -> None:
    text = listed(YAML, ["aaaaaaaa"] * MANY) + "# " + "a" * MANY + "\n"
    assert len(tokens(seal(YAML, text))) == MANY + 1


def test_equal_comments() -> None:
    text = "#A=1\n" * (MANY // 2)
    sealed = seal(ENV, text)
    assert len(set(tokens(sealed))) == MANY // 2
    assert unseal(ENV, seal(ENV, text + text, sealed)) == (text + text).encode()


def test_many_conflicts() -> None:
    tokens_of = [f'"{mint(YAML, at("a"), str(number))}"' for number in range(3)]
    one = "<<<<<<< x\na: {}\n||||||| z\na: {}\n=======\na: {}\n>>>>>>> y\n".format(*tokens_of)
    text = one * 5000
    result = opened(YAML, text)
    assert result.opened == 15_000
    assert seal(YAML, result.data, text) == text.encode()


@pytest.mark.parametrize(
    "marker", ["<<<<<<< x\n", "=======\n", ">>>>>>> y\n", "<<<<<<< x\n=======\n"]
)
@every_format
def test_markers_in_no_order(path: str, marker: str) -> None:
    text = marker * MANY + mint(path, at("a"), "1")
    assert opened(path, text).data == text.encode()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (YAML, "[" * MANY),
        (YAML, "{" * MANY),
        (YAML, "[" * MANY + "]" * MANY),
        (YAML, "- " * MANY),
        (YAML, "a: " * MANY),
        (YAML, "? " * MANY),
        (YAML, "&a " * MANY),
        (YAML, "!t " * MANY),
        (YAML, "".join(" " * n + "a:\n" for n in range(3000))),
        (YAML, "a: &a x\nb: " + "*a " * MANY),
        (
            YAML,
            "".join(
                f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" if n else "a0: &a0 x\n" for n in range(100)
            ),
        ),
        (YAML, "'" * MANY),
        (YAML, '"' * MANY),
        (YAML, '"\\' * MANY),
        (YAML, "# " * MANY),
        (YAML, "#\n" * MANY),
        (YAML, "---\n" * MANY),
        (YAML, "...\n" * MANY),
        (YAML, "a: |\n" + " \n" * MANY),
        (YAML, "\t" * MANY),
        (YAML, " " * MANY + "a"),
        (YAML, "\x85" * MANY),
        (YAML, "# {" + "{a: " * (MANY // 10) + "}\na: 1"),
        (YAML, "# " + "- " * MANY + "a: 1\n"),
        (YAML, "# " + "a" * MANY + ": 1\n"),
        (JSON, "[" * MANY),
        (JSON, '{"a":' * MANY),
        (JSON, "[" * MANY + "]" * MANY),
        (JSON, '"' + "\\" * MANY),
        (JSON, " " * MANY),
        (JSON, "1" * MANY),
        (JSON, '["' + "a" * MANY),
        (ENV, "A='\n" * MANY),
        (ENV, "A=\"'`\n" * MANY),
        (ENV, "A='\\'\n" * MANY),
        (ENV, "A=\\\n" * MANY),
        (ENV, "A=-----BEGIN X\n" * MANY),
        (ENV, "-----END X\n" * MANY),
        (ENV, "'" * MANY),
        (ENV, "export " * MANY),
        (ENV, "A" * MANY + "\n" + "=" * MANY),
        (ENV, "# " * MANY),
        (ENV, "#A=1 " * MANY),
        (ENV, " " * MANY),
        (ENV, "\r" * MANY),
        (ENV, "A='1' #" + " #" * MANY),
        (ENV, "[" * MANY + "=1\n"),
    ],
    ids=lambda value: value if value in (YAML, JSON, ENV) else repr(value[:12]),
)
def test_text_that_parsers_may_stumble_over(path: str, text: str) -> None:
    sealed = seal(path, text)
    assert unseal(path, sealed) == text.encode()
    token = mint(path, at("a"), "1")
    attacked = f"{text}\n{token}\n"
    assert opened(path, attacked).data.count(b"\n") == attacked.count("\n")


@every_format
def test_a_file_of_long_keys_takes_no_more_memory_than_it_is_worth(path: str) -> None:
    """A path contains all keys above it: one key of a megabyte, and many values below it."""
    import tracemalloc

    inner = [(f"k{number}", "1") for number in range(20_000)]
    key = "k" * 1_000_000
    text = {
        YAML: f"? {key}\n: " + "".join(f"\n  {name}: {value}" for name, value in inner),
        JSON: f'{{"{key}": {{' + ", ".join(f'"{name}": {value}' for name, value in inner) + "}}",
        ENV: "".join(f"{key[:50]}{name}={value}\n" for name, value in inner),
    }[path]
    tracemalloc.start()
    sealed = seal(path, text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000_000
    assert unseal(path, sealed) == text.encode()


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ("*a" * 20 + "b", "a" * 200),
        ("**." * 20 + "b", ".".join("a" * 200)),
        ("**.*a*a*a*a*a*b.**.c", ".".join(["a" * 50] * 50)),
        ("[]" * 50, "a"),
        ('"' + "\\\\" * 1000 + '"', "a"),
    ],
)
def test_patterns_that_are_slow_for_regular_expressions(values: str, key: str) -> None:
    from sealedfiles.model.paths import PathPattern

    assert not PathPattern(values).matches(at(*key.split(".")))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 30 + "b", "a" * 250),
        ("**/" * 30 + "b", "a/" * 100 + "c"),
        ("[!b]*" * 30 + "b", "a" * 250),
        ("?*" * 30 + "b", "a" * 250),
    ],
)
def test_and_so_for_files(pattern: str, path: str) -> None:
    policy = f"version: 1\nrules:\n- files: '{pattern}'\n  plain: true\n".encode()
    assert parse_policy(policy).for_file(path).whole_groups() == ["default"]


@pytest.mark.parametrize(
    "policy",
    [
        b"version: 1\nrules: " + b"[" * MANY,
        b"version: 1\nrules: " + b"[" * MANY + b"]" * MANY,
        b"version: 1\nrules: ["
        + b"".join(b"&a%d [*a%d, *a%d]," % (n, n - 1, n - 1) for n in range(1, 99)),
        b"version: 1\nrules:\n" + b"- files: x\n" * MANY,
    ],
    ids=["open", "deep", "aliases", "long"],
)
def test_a_policy_made_to_be_slow_is_read_or_refused(policy: bytes) -> None:
    try:
        assert parse_policy(policy).for_file("y").whole_groups() == ["default"]
    except SealedFilesError as error:
        assert "policy" in error.message


def test_layers_in_layers() -> None:
    """Each layer is a third longer than the one inside: a megabyte has about forty."""
    literal = b"x"
    for _ in range(40):
        literal = mint(WHOLE, at(), literal, kind=2).encode()
    result = opened(WHOLE, literal + b"\n")
    assert result.data == b"x"
    comment = " x"
    for _ in range(35):
        comment = " " + mint(YAML, at(), comment, kind=1)
    assert unseal(YAML, f"#{comment}\na: 1\n") == b"# x\na: 1\n"


def test_a_large_file_of_each_kind_works() -> None:
    """Ten megabytes in many values."""
    value = "x" * (10_000_000 // MANY - 10)
    for path in (YAML, JSON, ENV):
        quoted = f'"{value}"'
        text = listed(
            path,
            [
                f'"{number}{value}"' if path == JSON else f"{number}{quoted}"
                for number in range(MANY)
            ],
        )
        sealed = seal(path, text, keys=ALL)
        assert len(tokens(sealed)) == MANY
        assert unseal(path, sealed, keys=DEFAULT) == text.encode()
