"""libyaml and ruamel.yaml's parser: the values of a text must not depend on which is there."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from people import FILES
from people import YAML as YAML_FILE

pytest.register_assert_rewrite("yaml_tools")

from yaml_texts import damaged, nearly_plain, signs, texts  # noqa: E402
from yaml_tools import assert_parsers_agree, by_both  # noqa: E402

from sealedfiles.formats.yaml import events as yaml_events  # noqa: E402
from sealedfiles.formats.yaml import format as yaml_format  # noqa: E402
from sealedfiles.formats.yaml import plain as yaml_plain  # noqa: E402
from sealedfiles.formats.yaml.format import YAML  # noqa: E402
from sealedfiles.formats.yaml.plain import find_plain  # noqa: E402
from sealedfiles.model.paths import ITEM, key_step  # noqa: E402


@pytest.fixture
def without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    yaml_format._scan.cache_clear()
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)


@pytest.fixture
def without_ruamel(monkeypatch: pytest.MonkeyPatch) -> None:
    yaml_format._scan.cache_clear()
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)


ORDINARY = """\
# A service
service: &service {name: api, ports: [80, "443"]}
data:
  "quoted key": 'it''s'
  script: |+
    #!/bin/sh
    \techo

  <<: *service
  ? explicit
  : !!str value # comment
list:
- &item one
- - *item
- many
  lines:tabs\t!
"""


def test_an_ordinary_text_is_libyamls_alone(without_ruamel: None) -> None:
    assert len(YAML.scan(ORDINARY).values) == 8


def test_without_libyaml_the_same_is_found(without_libyaml: None) -> None:
    values = YAML.scan(ORDINARY).values
    fast, slow = by_both(ORDINARY)
    assert fast is None
    assert not isinstance(slow, str)
    assert slow.values == values
    assert [ORDINARY[v.start : v.end] for v in values][:2] == ["api", "80"]


@pytest.mark.slow
@given(texts())
@settings(max_examples=300, deadline=None)
def test_the_parsers_agree_on_well_formed_texts(text: str) -> None:
    assert_parsers_agree(text)


@pytest.mark.slow
@given(damaged())
@settings(max_examples=300, deadline=None)
def test_the_parsers_agree_on_damaged_texts(text: str) -> None:
    assert_parsers_agree(text)


# Each of these they saw differently once.
@given(signs)
@settings(max_examples=500, deadline=None)
@example("*a: x")
@example("&a: x")
@example("&a:b c")
@example("&a? b")
@example("!t &a")
@example("!t # c\n&a !u")
@example("[!t, b]")
@example("!a!b!c d")
@example("a: |#")
@example("? |#\n")
@example("? |\n  @# x\n \n")
@example("|\n---\nb")
@example("|-\n\n#:]")
@example("a: |\n  \n    b\n")
@example("a: |\n     \n    #!/bin/sh\n")
@example("a: |-\n   \t")
@example('["a":b]')
@example('["a":]')
@example("['44':443']")
@example('"q"\n...\n...\n')
@example("<\n\t\n")
@example("- a\n  \tb\n")
@example("? a\n  \tb\n: c\n")
@example("  c ]\n\t #d\n")
@example("%YAML 1.1\n---\n{a: b?c, d:e}")
@example("- \ufeff")
@example("&a\n  &b k: v")
@example("a: &x\n&y b: c")
@example("a:\n  ? &a: ---\n")
def test_the_parsers_agree_on_texts_of_signs(text: str) -> None:
    assert_parsers_agree(text)


@given(st.text(st.characters(codec="utf-8"), max_size=20))
@settings(deadline=None)
def test_the_parsers_agree_on_any_characters(text: str) -> None:
    if not text.startswith("\ufeff"):
        assert_parsers_agree(text)


@pytest.mark.parametrize(
    "text", ["a: @", "*a: x", "- \ufeff", "%YAML 1.2\n--- a", "|\n a", "\ud800"]
)
def test_where_libyaml_is_not_sure_it_has_no_say(text: str) -> None:
    assert by_both(text)[0] is None


@given(st.one_of(texts(), damaged(), signs))
@settings(deadline=None)
def test_what_is_parsed_has_the_length_of_the_text(text: str) -> None:
    assert len(yaml_events._without_traps(text)) == len(text)


@given(nearly_plain())
@settings(max_examples=500, deadline=None)
@example("a: b\n  c\n")
@example("a: b\n  c: d\n")
@example("- a\n  - b\n")
@example("a:\n- b\n-  c\n")
@example("a:\n- b\nc:\n- d\n")
@example("- a: 1\n b: 2\n")
@example("a: |\nb\n")
@example("a:\n- |\n b\n")
@example("- a: |\n   b\n  c: d\n")
@example("a: |\n  b\n \n   \n# c\nd: e\n")
@example("a: |\n  b  \n    \n")
@example("é: a\n")
@example("a: é\n")
@example("a: \xa0\n")
@example("a: b\x85c: d\n")
def test_the_scan_without_a_parser_finds_what_the_parsers_find(text: str) -> None:
    assert_parsers_agree(text)


def test_most_texts_need_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    yaml_format._scan.cache_clear()
    monkeypatch.setattr(yaml_events, "find", None)
    for text in (FILES[YAML_FILE], "", "# only\n", "---\na: [b, 'c']\nd: {}\ne: é # é\n"):
        assert YAML.scan(text)
    assert [one.path for one in YAML.scan("a:\n- b: |\n    c\n- [d]").values] == [
        key_step("a") + ITEM + key_step("b"),
        key_step("a") + ITEM + ITEM,
    ]
    assert find_plain("a: &b c\n") is None


def test_the_pattern_is_quick_to_compile() -> None:
    """Sets of characters beyond ASCII would take longer than importing a parser."""
    assert yaml_plain._ROWS.pattern.isascii()
