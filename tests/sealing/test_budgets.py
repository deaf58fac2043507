"""Hostile files take time in proportion to their size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from documents import ALL, ENV, JSON, YAML, Keyring, at, mint, opened, seal, tokens, unseal

from sealedfiles.model.token import COMMENT
from sealedfiles.model.token import WHOLE as WHOLE_KIND
from sealedfiles.sealing import comment_lines, describe_file
from sealedfiles.sealing.occurrences import Occurrences
from sealedfiles.sealing.rebind import find_misplaced, rebind_file
from sealedfiles.sealing.reseal import renew_file

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 20
"""Far above what is needed, and far below what a quadratic step takes."""


def assert_quick(work: Callable[[], object]) -> None:
    start = time.process_time()
    work()
    assert time.process_time() - start < SECONDS


def test_a_file_in_very_many_layers() -> None:
    data, layers = b"x", 0
    while len(data) < 4_000_000:
        data = mint(ENV, b"", data, kind=WHOLE_KIND).encode()
        layers += 1
    assert layers > 30
    assert_quick(lambda: opened(ENV, data + b"\n"))
    assert unseal(ENV, data + b"\n") == b"x"


def test_a_comment_in_very_many_layers() -> None:
    literal = " note"
    while len(literal) < 2_000_000:
        literal = " " + mint(YAML, b"", literal, kind=COMMENT)
    text = f"a: 1 #{literal}\n"
    assert_quick(lambda: opened(YAML, text))
    assert unseal(YAML, text) == b"a: 1 # note\n"


def test_a_value_is_opened_once() -> None:
    """The content of a value's token is text, even if it has the form of a token."""
    inner = mint(YAML, at("a"), "1")
    assert unseal(YAML, f'a: "{mint(YAML, at("a"), inner)}"\n') == f"a: {inner}\n".encode()


@pytest.mark.slow
@pytest.mark.parametrize("path", [YAML, ENV, JSON])
def test_very_many_tokens_in_wrong_places(path: str) -> None:
    token = mint(path, at("other"), "x\ny: 1" if path == YAML else "x")
    lines = {YAML: 'k{}: "{}"\n', ENV: "K{}={}\n", JSON: '"k{}": "{}",\n'}[path]
    body = "".join(lines.format(number, token) for number in range(10_000))
    text = f'{{{body} "z": 1}}' if path == JSON else body
    assert_quick(lambda: opened(path, text))
    result = opened(path, text)
    assert result.data == text.encode()
    assert len(result.problems) == 10_000


def test_very_many_conflicts() -> None:
    token = mint(YAML, at("a"), "1")
    part = f'<<<<<<< a\na: "{token}"\n||||||| b\nb: "{token}"\n=======\na: "{token}"\n>>>>>>> c\n'
    text = part * 3000
    assert_quick(lambda: opened(YAML, text))


def test_very_many_groups_and_keys_are_each_requested_once() -> None:
    keys = Keyring(default=0)
    good = mint(YAML, at("a"), "1")
    body = good.split(":")
    lines = [
        f'k{number}: "{":".join([*body[:2], f"g{number % 500}", *body[3:]])}"\n'
        for number in range(5000)
    ]
    result = opened(YAML, f'a: "{good}"\n' + "".join(lines), keys=keys)
    assert result.opened == 1
    assert len(keys.asked) <= 502


@pytest.mark.slow
def test_very_many_equal_values_are_sealed_and_renewed() -> None:
    text = "a:\n" + "- same\n" * 10_000
    old, new = Keyring(default=0), Keyring(default=1)
    sealed = seal(YAML, text, keys=old)
    file = describe_file(YAML.encode())
    renewed: list[bytes] = []
    assert_quick(lambda: renewed.append(renew_file(sealed, file, new, lambda _: True)))
    assert len(set(tokens(renewed[0]))) == 10_000
    assert unseal(YAML, renewed[0], keys=new) == text.encode()


@pytest.mark.slow
def test_very_many_tokens_that_cannot_be_bound() -> None:
    bad = [mint(YAML, at("other"), "x\ny: 1", occurrence=number) for number in range(100)]
    good = [mint(YAML, at("other"), "x", occurrence=number) for number in range(100)]
    text = "".join(f'k{number}: "{token}"\n' for number, token in enumerate([*good, *bad]))
    file = describe_file(YAML.encode())
    misplaced = find_misplaced(text.encode(), file, ALL)
    assert len(misplaced) == 200
    assert_quick(lambda: rebind_file(text.encode(), misplaced, file, ALL))
    bound, refused = rebind_file(text.encode(), misplaced, file, ALL)
    assert [one.literal for one in refused] == ["x\ny: 1"] * 100
    assert unseal(YAML, bound).count(b": x\n") == 100


def test_each_of_equal_tokens_has_the_lowest_free_number() -> None:
    occurrences = Occurrences()
    for kept in (0, 1, 3):
        occurrences.keep("here", kept)
    occurrences.keep("there", 0)
    assert [occurrences.take("here") for _ in range(4)] == [2, 4, 5, 6]
    assert occurrences.take("there") == 1
    assert occurrences.take("elsewhere") == 0


def test_continued_comments_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    goes_on = comment_lines._goes_on

    def counted(one: str) -> bool:
        seen.append(one)
        return goes_on(one)

    monkeypatch.setattr(comment_lines, "_goes_on", counted)
    count = 200
    text = "A=hunter2\n" + "#A=x\\\n" * count
    assert unseal(ENV, seal(ENV, text)).decode() == text
    # Once for every time that the lines are read: by sealing, and by what verifies it.
    assert 0 < len(seen) <= 4 * count
