"""JSON with comments: values are sealed, comments are sealed if they contain a secret, everything else is
kept."""

from __future__ import annotations

import pytest
from documents import ALL, JSON, described, groups, opened, seal, tokens, unseal

from sealedfiles.model.token import COMMENT, split
from sealedfiles.sealing.merge import Style, merge_files

TEXT = """\
{
  // for local work
  "db": { "user": "admin", "password": "s3cr3t-one", }, // why
  // "password": "s3cr3t-two"
  /* the old one was s3cr3t-one */
  /*
   * "password": "s3cr3t-three",
   */
  /* until June:
     "password": "s3cr3t-four"
   */
  "port": 5432, /**/
}
"""


@pytest.mark.parametrize("name", [JSON, "a.jsonc", "a.json5"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_it_is_sealed_by_value_and_round_trips(name: str, end: str) -> None:
    text = TEXT.replace("\n", end)
    sealed = seal(name, text)
    assert b"s3cr3t" not in sealed
    assert b"// for local work" in sealed
    assert b"// why" in sealed
    assert b"// sealed:v1:" in sealed
    assert sealed.count(b"/* sealed:v1:") == 3
    assert len(tokens(sealed)) == 7
    assert opened(name, sealed).problems == []
    assert unseal(name, sealed) == text.encode()
    assert seal(name, text, sealed) == sealed
    assert seal(name, sealed, sealed) == sealed


def test_an_edit_changes_one_token() -> None:
    sealed = seal(JSON, TEXT)
    again = seal(JSON, TEXT.replace("5432", "5433"), sealed)
    assert len(set(tokens(again)) - set(tokens(sealed))) == 1


def test_a_comment_for_two_groups() -> None:
    policy = "{files: '*', values: 'b.**', group: production}"
    text = '{"a": {"pw": "s3cr3t-one"}, "b": {"pw": "s3cr3t-two"}} // "pw": "s3cr3t-old"'
    sealed = seal(JSON, text, policy=policy)
    assert groups(sealed) == ["default", "production", "production"]
    assert unseal(JSON, sealed, policy) == text.encode()


def test_a_token_in_the_wrong_comment_does_not_open() -> None:
    sealed = seal(JSON, TEXT).decode()
    comment = next(one for one in tokens(sealed) if f"// {one}" in sealed)
    assert ALL.for_prefix(split(comment).prefix) is not None
    kind = ALL.for_prefix(split(comment).prefix).open(split(comment).body)[0]  # type: ignore[union-attr]
    assert kind == COMMENT
    for moved in (
        sealed.replace(f"// {comment}", f"//{comment}"),
        sealed.replace(f"// {comment}", f'"x": "{comment}",'),
        sealed.replace(f"// {comment}", f"// see {comment}"),
    ):
        result = opened(JSON, moved)
        assert [one.token for one in result.problems] == [comment]
        assert comment in result.data.decode()
    # In a block comment the same text is the same comment.
    assert (
        "s3cr3t-two" in unseal(JSON, sealed.replace(f"// {comment}", f"/* {comment} */")).decode()
    )


def test_a_comment_s_literal_cannot_leave_its_comment() -> None:
    """A reader of one group cannot insert an entry with a comment that contains a line ending, or ``*/``."""
    key = ALL.sealing_key("default", split(tokens(seal(JSON, TEXT))[0]).file_id)
    for literal, comment in ((' x\n"evil": 1,', "// {}"), (' x */ "evil": 1, /*', "/* {} */")):
        token = key.seal(COMMENT, 0, key.path_tag(b""), literal.encode())
        text = TEXT.replace("// for local work", comment.format(token))
        assert b"evil" not in unseal(JSON, text)


def test_a_merge_keeps_comments() -> None:
    ours = TEXT.replace("admin", "root")
    theirs = TEXT.replace("5432", "5433").replace("for local work", "for work")
    file, rules = described(JSON)
    base = seal(JSON, TEXT)
    merged = merge_files(
        base, seal(JSON, ours, base), seal(JSON, theirs, base), file, rules, ALL, Style()
    )
    assert merged is not None
    assert merged.conflicts == 0
    expected = ours.replace("5432", "5433").replace("for local work", "for work")
    assert unseal(JSON, merged.data).decode() == expected
