"""The quick test that spares most files the comparison with unproved values changes no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from documents import ALL, ENV, JSON, TOML, YAML, described, seal
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from sealedfiles.errors import UnprovedError
from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.stored import StoredPlaintext
from sealedfiles.sealing.unproved import UnprovedCheck

if TYPE_CHECKING:
    from collections.abc import Callable

PRODUCTION = "{files: '**', values: [prod*], group: production}"
POLICIES = [
    PRODUCTION,
    f"{PRODUCTION}\n{{files: '**', values: [token], group: ops}}",
    "{files: '**', group: production}",
    "",
]
VALUES = ["ev!", "evil-evil", "evil evil", "100", "0x64", "true", "mine-mine", "evil-evil mine"]
KEYS = ["user", "token", "prod_pin", "prod_host"]
ENTRIES = {
    YAML: ("{}: {}\n", "# "),
    JSON: ('"{}": "{}",\n', "// "),
    ENV: ("{}={}\n", "# "),
    TOML: ('{} = "{}"\n', "# "),
}
FRAMES = {JSON: ("{{\n", '"end": false}}\n')}
lines = st.lists(
    st.tuples(
        st.sampled_from(KEYS),
        st.sampled_from(VALUES),
        st.sampled_from([False, False, True]),
        st.sampled_from(["plain", *POLICIES]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
)
Lines = list[tuple[str, str, bool, str]]
BY_PRODUCTION: Lines = [("user", "evil-evil", False, POLICIES[2])]
MOVED: Lines = [("token", "evil-evil", False, "")]


def written(path: str, lines: Lines) -> str:
    """Return a text of one line for each entry, some of them in comments."""
    entry, sign = ENTRIES[path]
    start, end = (part.format() for part in FRAMES.get(path, ("", "")))
    return (
        start + "".join(sign * off + entry.format(key, value) for key, value, off, _ in lines) + end
    )


def planted(path: str, lines: Lines) -> bytes:
    """Return a version whose lines come from writers under different policies, or from nobody with a key."""
    text = written(path, lines)
    mixed = text.split("\n")
    first = len(FRAMES.get(path, ("", ""))[0]) // 3
    for policy in {one[3] for one in lines if one[3] != "plain"}:
        sealed = seal(path, text, policy=policy).decode().split("\n")
        for number, one in enumerate(lines, first):
            if one[3] == policy:
                mixed[number] = sealed[number]
    return "\n".join(mixed).encode()


@pytest.mark.parametrize("path", ENTRIES)
@settings(max_examples=100)
@given(
    before=lines,
    after=lines,
    policy=st.sampled_from(POLICIES),
    retired=st.sampled_from(["", "", "production"]),
)
@example(BY_PRODUCTION, MOVED, PRODUCTION, "")
@example(BY_PRODUCTION, MOVED, "", "")
@example([("user", "evil-evil", True, POLICIES[2])], MOVED, PRODUCTION, "")
@example([("user", "evil-evil", False, "")], MOVED, "", "default")
@example([("user", "evil evil", False, "plain")], MOVED, "", "")
def test_the_quick_test_changes_no_answer(
    path: str, before: Lines, after: Lines, policy: str, retired: str
) -> None:
    file, rules = described(path, policy)
    stored, new = planted(path, before), written(path, after).encode()

    def clean(kind: Callable[..., UnprovedCheck]) -> bytes | str:
        origin = kind(file, rules, ALL, lambda group, _key_id: group == retired)
        in_git = StoredPlaintext([stored], file, None, origin)
        try:
            return seal_file(new, [stored], file, rules, ALL, stored=in_git)
        except UnprovedError as error:
            return str(error)

    answer = clean(UnprovedCheck)
    event("refused" if isinstance(answer, str) else "sealed")
    assert answer == clean(Thorough)


class Thorough(UnprovedCheck):
    """Compares everything."""

    def _may_repeat(self, *_: object) -> bool:
        return True
