"""Unchanged values keep their tokens; others get new ones, and no two tokens are equal."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from documents import (
    ALL,
    DEFAULT,
    ENV,
    JSON,
    YAML,
    Keyring,
    at,
    described,
    groups,
    mint,
    opened,
    seal,
    tokens,
    unseal,
)
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.model.token import split
from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.stored import StoredPlaintext

every_format = pytest.mark.parametrize("path", [YAML, JSON, ENV])

Entries = list[tuple[str, str]]
KEYS = st.sampled_from(["a", "b", "c", "d"])
VALUES = st.sampled_from(["0", "1", "one", "two", "hunter22"])
ENTRIES = st.lists(st.tuples(KEYS, VALUES), max_size=8)


def write(path: str, entries: Entries) -> str:
    """Write a file with *entries*: lists of values under four keys."""
    lists: dict[str, list[str]] = {}
    for key, value in entries:
        lists.setdefault(key, []).append(value)
    if path == JSON:
        return json.dumps(lists, indent=1)
    if path == YAML:
        return "".join(
            f"{key}:\n" + "".join(f"- {value}\n" for value in values)
            for key, values in lists.items()
        )
    return "".join(f"{key}={value}\n" for key, value in entries)


@st.composite
def edits(draw: st.DrawFn) -> tuple[Entries, Entries]:
    """Return entries, and the same entries after a few typical changes."""
    before = draw(ENTRIES)
    after = list(before)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(after)))
        kind = draw(st.sampled_from(["insert", "delete", "change", "move"]))
        if kind == "insert":
            after.insert(place, (draw(KEYS), draw(VALUES)))
        elif after:
            place = min(place, len(after) - 1)
            key, value = after.pop(place)
            if kind == "change":
                after.insert(place, (key, draw(VALUES)))
            elif kind == "move":
                after.insert(draw(st.integers(0, len(after))), (key, value))
    return before, after


@every_format
@given(edit=edits())
def test_unchanged_values_keep_their_tokens_and_only_changed_ones_are_new(
    path: str, edit: tuple[Entries, Entries]
) -> None:
    before, after = edit
    old = seal(path, write(path, before))
    new = seal(path, write(path, after), old)
    assert unseal(path, new) == write(path, after).encode()
    assert len(set(tokens(new))) == len(after)
    # As many tokens are kept as values (key and text) are in both versions.
    kept = set(tokens(old)) & set(tokens(new))
    assert len(kept) == (Counter(before) & Counter(after)).total()


@every_format
@given(edit=edits())
def test_an_edit_and_its_reversal_restore_the_values(
    path: str, edit: tuple[Entries, Entries]
) -> None:
    before, after = edit
    old = seal(path, write(path, before))
    there = seal(path, write(path, after), old)
    back = seal(path, write(path, before), there)
    assert unseal(path, back) == write(path, before).encode()
    if Counter(before) == Counter(after):
        assert set(tokens(back)) == set(tokens(old))


@every_format
def test_one_changed_value_is_one_changed_token(path: str) -> None:
    entries = [("a", "0"), ("b", "1"), ("c", "one"), ("d", "two")]
    old = seal(path, write(path, entries))
    entries[2] = ("c", "hunter22")
    before, after = tokens(old), tokens(seal(path, write(path, entries), old))
    assert [i for i in range(4) if before[i] != after[i]] == [2]


@every_format
def test_a_restored_value_has_its_earlier_token(path: str) -> None:
    old = seal(path, write(path, [("a", "0"), ("b", "1")]))
    there = seal(path, write(path, [("a", "2"), ("b", "1")]), old)
    assert there != old
    assert seal(path, write(path, [("a", "0"), ("b", "1")]), there) == old


@every_format
def test_the_same_edit_gives_the_same_bytes(path: str) -> None:
    old = seal(path, write(path, [("a", "0"), ("a", "0")]))
    new = write(path, [("a", "0"), ("a", "1"), ("a", "0"), ("a", "0")])
    assert seal(path, new, old) == seal(path, new, old)


def test_equal_values_do_not_show_as_equal_tokens() -> None:
    sealed = seal(YAML, "list: [x, x, x]\nother: x\n---\nlist: [x]\n")
    assert len(set(tokens(sealed))) == 5


def test_occurrences_are_the_lowest_that_are_free() -> None:
    def occurrences(data: bytes) -> list[int]:
        return [
            key.open(split(token).body)[1]
            for token in tokens(data)
            if (key := ALL.for_prefix(split(token).prefix))
        ]

    old = seal(YAML, "a: [x, x, x]\n")
    assert occurrences(old) == [0, 1, 2]
    fewer = seal(YAML, "a: [y, x, x]\n", old)
    assert tokens(fewer)[1:] == tokens(old)[1:], "those behind the change keep theirs"
    first, second, third = tokens(old)
    without_first = old.decode().replace(f'"{first}", ', "")
    more = seal(YAML, "a: [x, x, x]\n", without_first)
    assert tokens(more) == [first, second, third], "the lowest that is free"
    standing = f'a: ["{second}", x, x]\n'
    assert occurrences(seal(YAML, standing)) == [1, 0, 2], "a token in the text keeps its own"


def test_a_token_in_the_text_is_not_reused_for_another_value() -> None:
    old = seal(YAML, "a: [x, y]\n")
    first, second = tokens(old)
    new = seal(YAML, f'a: ["{first}", x, y]\n', old)
    assert tokens(new)[0] == first
    assert tokens(new)[2] == second
    assert tokens(new)[1] not in (first, second)
    assert unseal(YAML, new) == b"a: [x, x, y]\n"


@pytest.mark.parametrize("path", [YAML, ENV])
def test_a_comment_token_in_the_text_is_not_reused(path: str) -> None:
    plain = {YAML: "password: x\n# password: y\n", ENV: "# password=y\n"}[path]
    old = seal(path, plain)
    new = seal(path, old + plain.encode()[plain.index("#") :], old)
    assert len(set(tokens(new))) == len(tokens(new))
    assert unseal(path, new) == (plain + plain[plain.index("#") :]).encode()


# Keys over time


def test_a_rotated_key_seals_what_is_new_and_leaves_what_is_old() -> None:
    old = seal(YAML, "a: 1\nb: 2\n", keys=Keyring(default=0))
    rotated = Keyring(default=1)
    new = seal(YAML, "a: 1\nb: 3\nc: 4\n", old, keys=rotated)
    assert tokens(new)[0] == tokens(old)[0]
    assert len({split(token).key_id for token in tokens(new)}) == 2
    assert unseal(YAML, new, keys=rotated) == b"a: 1\nb: 3\nc: 4\n"
    shown = opened(YAML, new, keys=Keyring(default=0))
    assert shown.opened == 1
    assert seal(YAML, shown.data, new, keys=Keyring(default=0)) == new


def test_an_unchanged_value_keeps_its_group_and_a_changed_one_takes_that_of_the_rules() -> None:
    """Otherwise a pulled policy would modify every working tree."""
    policy = '{files: "**", values: "a", group: production}'
    old = seal(YAML, "a: 1\nb: 2\n")
    assert seal(YAML, "a: 1\nb: 2\n", old, policy=policy) == old
    assert groups(seal(YAML, "a: 9\nb: 2\n", old, policy=policy)) == ["production", "default"]
    assert groups(seal(YAML, "a: 9\nb: 2\n", policy=policy)) == ["production", "default"]


# The ratchet


@every_format
def test_what_was_sealed_is_never_written_plain(path: str) -> None:
    plain_now = '{files: "**", plain: true}'
    old = seal(path, write(path, [("a", "0"), ("b", "1")]))
    new = seal(
        path, write(path, [("a", "hunter22"), ("b", "1"), ("c", "2")]), old, policy=plain_now
    )
    assert b"hunter22" not in new
    assert len(tokens(new)) == 2, "a value that is new may be plain"
    assert (
        unseal(path, new, plain_now)
        == write(path, [("a", "hunter22"), ("b", "1"), ("c", "2")]).encode()
    )


def test_it_holds_for_groups_without_available_keys() -> None:
    policy = '{files: "**", values: "a", group: production}'
    old = seal(YAML, "a: 1\nb: 2\n", policy=policy)
    shown = unseal(YAML, old, keys=DEFAULT)
    assert seal(YAML, shown, old, policy='{files: "**", plain: true}', keys=DEFAULT) == old


def test_it_holds_if_the_previous_text_does_not_parse() -> None:
    broken = seal(YAML, "a: 1\nb: 2\n") + b"<<<<<<< x\n=======\n>>>>>>> y\n"
    new = seal(YAML, "a: hunter22\nb: 2\n", broken, policy='{files: "**", plain: true}')
    assert b"hunter22" not in new


def test_it_holds_if_the_token_was_at_another_key() -> None:
    token = mint(YAML, at("a"), "1")
    new = seal(YAML, "a: hunter22\n", f'b: "{token}"\n', policy='{files: "**", plain: true}')
    assert b"hunter22" not in new


HIDDEN = """\
name: orders
certificate: |
  hunter22 in a block
  password: hunter22
pin: 1234
"""


@pytest.mark.parametrize("now", ["dotenv", "json", "yaml", "whole"])
@pytest.mark.parametrize("edit", ["name: o2", "name: [", "name:\t'", "# hunter22 in a block"])
def test_a_rule_with_another_format_unseals_nothing(now: str, edit: str) -> None:
    """In a .env file, the lines of a block scalar are entries that were not sealed before."""
    policy = f'{{files: "**", format: {now}, plain: true}}'
    old = seal(YAML, HIDDEN)
    new = seal(YAML, HIDDEN.replace("name: orders", edit), old, policy=policy)
    assert b"hunter22" not in new
    assert b"1234" not in new


# The previous version


def test_of_several_versions_the_first_with_values_gives_the_tokens() -> None:
    text = "a: 1\nb: 2\n"
    older = seal(YAML, text)
    whole = seal(YAML, "a: [broken", older)
    assert seal(YAML, "a: 1\nb: 3\n", whole, older).startswith(older.split(b"\n")[0])


@pytest.mark.parametrize("path", [YAML, JSON, ENV])
def test_plaintext_that_git_has_already_is_sealed_at_the_next_add(path: str) -> None:
    """`git add --renormalize` must fix files that were added without the filter."""
    text = write(path, [("a", "hunter22")]).encode()
    assert b"hunter22" not in seal(path, text, text)
    assert b"hunter22" not in seal(path, text, text, text)


def test_a_single_plain_value_among_sealed_ones_is_sealed_too() -> None:
    half = seal(YAML, "a: 1\n") + b"b: hunter22\n"
    assert b"hunter22" not in seal(YAML, unseal(YAML, half), half)


def test_a_new_file_id_is_that_of_the_path_and_an_old_one_stays() -> None:
    old = seal("old/name.yaml", "a: 1\n")
    renamed = seal("new/name.yaml", "a: 1\nb: 2\n", old)
    assert tokens(renamed)[0] == tokens(old)[0]
    assert len({split(token).file_id for token in tokens(renamed)}) == 1
    assert unseal("new/name.yaml", renamed) == b"a: 1\nb: 2\n"
    fresh = seal("new/name.yaml", "a: 1\n")
    assert split(tokens(fresh)[0]).file_id != split(tokens(old)[0]).file_id


def test_of_mixed_ids_that_of_the_path_is_used_otherwise_the_most_frequent() -> None:
    ours, theirs = mint("a.yaml", at("a"), "1"), mint("b.yaml", at("b"), "2")
    more = mint("b.yaml", at("c"), "3")
    text = f'a: "{ours}"\nb: "{theirs}"\nc: "{more}"\n'
    in_a, in_c = opened("a.yaml", text), opened("c.yaml", text)
    assert in_a.data == f'a: 1\nb: "{theirs}"\nc: "{more}"\n'.encode()
    assert {problem.reason for problem in in_a.problems} == {"foreign"}
    assert in_c.data == f'a: "{ours}"\nb: 2\nc: 3\n'.encode()
    for path, shown in (("a.yaml", in_a), ("c.yaml", in_c)):
        assert seal(path, shown.data, text) == text.encode()
    added = seal("c.yaml", in_c.data + b"d: 4\n", text)
    assert split(tokens(added)[3]).file_id == split(more).file_id


@pytest.mark.parametrize("text", ["A=hunter22:\n", "A=hunter22 # hunter\n", "A=hunter22:\nB=1\n"])
@pytest.mark.parametrize("plain", ["", ", plain: true"])
def test_so_does_yaml_that_reads_a_value_as_a_key_or_a_comment(text: str, plain: str) -> None:
    policy = f'{{files: "**", format: yaml{plain}}}'
    assert b"hunter" not in seal(ENV, text.replace("22", "33"), seal(ENV, text), policy=policy)


@pytest.mark.parametrize("path", ["x.env", "x.json", "x.conf"])
def test_nor_does_a_rule_that_is_removed(path: str) -> None:
    honest = '{files: "**", format: yaml}'
    new = seal(
        path,
        HIDDEN.replace("orders", "o2"),
        seal(path, HIDDEN, policy=honest),
        policy='{files: "**", plain: true}',
    )
    assert b"hunter22" not in new


@every_format
@given(edit=edits(), is_changed=st.booleans(), other=ENTRIES)
def test_what_is_found_unchanged_depends_on_that_version_only(
    path: str, edit: tuple[Entries, Entries], is_changed: bool, other: Entries
) -> None:
    """The memo of clean relies on it (``sealedfiles.git.filter.unchanged``)."""
    before, after = edit
    old, others = seal(path, write(path, before)), [seal(path, write(path, other)), b"", b"#"]
    if before and is_changed:  # a value in plaintext, as anyone with push access could write it
        old = old.replace(tokens(old)[0].encode(), b"evil")
    file, rules = described(path)
    data = unseal(path, old) if after == before else write(path, after).encode()
    stored = StoredPlaintext([old], file)
    sealed = seal_file(data, [old], file, rules, ALL, stored=stored)
    if sealed is old and not stored.is_read:
        for git in ([old], others, [data]):
            version = StoredPlaintext(git, file)
            assert seal_file(data, [old, *others], file, rules, ALL, others, version) is old
    elif data == unseal(path, old) and old:
        assert is_changed or not before
