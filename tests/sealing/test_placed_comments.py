"""Comments are read as the values that they would be, at the key paths that these would have."""

from __future__ import annotations

import pytest
from documents import ALL, ENV, JSON, TOML, YAML, at, described, seal

from sealedfiles.sealing.comment_lines import PlacedComment
from sealedfiles.sealing.open import open_text
from sealedfiles.sealing.placed_comments import (
    comments_to_seal,
    placed_comments,
    sealed_comments,
)
from sealedfiles.sealing.sealed_text import SealedText

TEXTS = {
    YAML: ("database:\n  user: a\n  # pin: '12'\nother: b\n", at("database", "pin"), " pin: '12'"),
    JSON: (
        '{\n  "user": "a"\n  // "pin": "12",\n}\n',
        at("pin"),
        ' "pin": "12",',
    ),
    ENV: ("USER=a\n#PIN='12'\n", at("PIN"), "PIN='12'"),
    TOML: ('[database]\nuser = "a"\n# pin = "12"\n', at("database", "pin"), ' pin = "12"'),
}


@pytest.mark.parametrize("path", TEXTS)
def test_a_comment_has_the_place_that_its_value_would_have(path: str) -> None:
    text, place, comment = TEXTS[path]
    form = described(path)[0].format
    assert form is not None
    (placed,) = placed_comments(text, form.scan(text), form)
    assert placed._replace(alone=()) == PlacedComment(comment, ((place, "12"),))
    bare = text.replace("# ", "").replace("#", "").replace('"a"\n  // ', '"a",\n  ')
    bare = bare.replace('"12",\n', '"12"\n')
    assert (place, "12") in [
        (span.path, form.decode(bare[span.start : span.end])) for span in form.scan(bare).values
    ]


def test_prose_and_a_bullet_outside_of_a_list_have_no_place() -> None:
    text = "a:\n  b: 1\n  # see the handbook\n  # - one of these\nlist:\n- 1\n# - two\n"
    form = described(YAML)[0].format
    assert form is not None
    placed = placed_comments(text, form.scan(text), form)
    assert [one.values for one in placed] == [(), (), ((at("list", None), "two"),)]


def test_only_comments_that_the_policy_seals_are_returned() -> None:
    text = "a:\n  b: 1\n  # c: 2\nplain:\n  d: 3\n  # e: 4\n# prose\n"
    file, rules = described(YAML, "{files: '**', values: plain.**, plain: true}")
    assert file.format is not None
    found = comments_to_seal(text, file.format, rules)
    assert [one.values for one in found] == [((at("a", "c"), "2"),)]


def test_a_sealed_comment_is_returned_with_its_place_and_all_of_its_groups() -> None:
    policy = "{files: '**', values: production.**, group: production}"
    text = "database:\n  a: 1\n  # pin: 12\nproduction:\n  pin: 34\n"
    sealed = SealedText(seal(YAML, text, policy=policy), described(YAML)[0])
    opened = open_text(sealed.text, described(YAML)[0], ALL)[0]
    found = [
        (one, {t.group for t in layers}) for one, layers in sealed_comments(sealed, opened, ALL)
    ]
    place = ((at("database", "pin"), "12"),)
    own = ((at("pin"), "12"),)
    assert found == [(PlacedComment(" pin: 12", place, own), {"default", "production"})]
