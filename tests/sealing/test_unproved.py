"""What somebody without a key, or a reader of another group, wrote does not become a reader's value."""

from __future__ import annotations

import re

import pytest
from documents import (
    ALL,
    ENV,
    JSON,
    PROPERTIES,
    TFVARS,
    TOML,
    XML,
    YAML,
    described,
    groups,
    seal,
    unseal,
)

from sealedfiles.errors import UnprovedError
from sealedfiles.sealing.seal import seal_file
from sealedfiles.sealing.stored import StoredPlaintext
from sealedfiles.sealing.unproved import UnprovedCheck

POLICY = "{files: '**', values: [production.**, PROD_*], group: production}"
COMMENTED = {
    YAML: "database:\n  user: alpha\n  # {}\nproduction:\n  pin: beta\n",
    JSON: '{{\n  "database": {{\n    // {}\n    "user": "alpha"\n  }},\n  "production": {{\n    "pin": "b"\n  }}\n}}\n',
    ENV: "USER=alpha\n#{}\nPROD_PIN=beta\n",
    TOML: '[database]\nuser = "alpha"\n# {}\n[production]\npin = "beta"\n',
}
LIVE = {
    YAML: COMMENTED[YAML].replace("# ", ""),
    JSON: COMMENTED[JSON].replace("// ", ""),
    ENV: COMMENTED[ENV].replace("#", ""),
    TOML: COMMENTED[TOML].replace("# ", ""),
}
ENTRY = {YAML: "pin: {}", JSON: '"pin": "{}",', ENV: "PIN={}", TOML: 'pin = "{}"'}
SHORT, LONG = "ev!", "evil-evil"

every_format = pytest.mark.parametrize("path", COMMENTED)
every_length = pytest.mark.parametrize("value", [SHORT, LONG])


def clean(path: str, text: str | bytes, stored: bytes, *, retired: str = "") -> bytes:
    """Return *text* as git would store it in place of *stored*; the keys of the group *retired* are retired."""
    file, rules = described(path, POLICY)
    origin = UnprovedCheck(file, rules, ALL, lambda group, _key_id: group == retired)
    data = text.encode() if isinstance(text, str) else text
    in_git = StoredPlaintext([stored], file, None, origin)
    return seal_file(data, [stored], file, rules, ALL, stored=in_git)


def texts(path: str, value: str) -> tuple[str, str]:
    """Return a text with the entry in a comment, and the same text without the comment sign."""
    entry = ENTRY[path].format(value)
    return COMMENTED[path].format(entry), LIVE[path].format(entry)


@every_format
@every_length
def test_a_plaintext_comment_does_not_become_a_value(path: str, value: str) -> None:
    commented, live = texts(path, value)
    sealed = seal(path, texts(path, "mine-mine")[0], policy=POLICY).decode()
    sign = next(
        line for line in sealed.split("\n") if "sealed" in line and line.lstrip()[0] in "#/"
    )
    plain = next(line for line in commented.split("\n") if value in line)
    planted = sealed.replace(sign, plain).encode()
    assert unseal(path, planted) == commented.encode()
    with pytest.raises(UnprovedError, match="a comment"):
        clean(path, live, planted)
    assert value.encode() not in clean(path, live.replace(value, "own"), planted)


@every_format
@every_length
def test_a_plaintext_value_does_not_become_a_comment(path: str, value: str) -> None:
    commented, live = texts(path, value)
    sealed = seal(path, texts(path, "mine-mine")[1], policy=POLICY).decode().split("\n")
    lines = live.split("\n")
    number = next(number for number, line in enumerate(lines) if value in line)
    planted = "\n".join([*sealed[:number], lines[number], *sealed[number + 1 :]]).encode()
    assert unseal(path, planted) == live.encode()
    with pytest.raises(UnprovedError, match=r"pin|PIN"):
        clean(path, commented, planted)


@every_format
@every_length
def test_a_comment_of_another_group_does_not_become_a_value(path: str, value: str) -> None:
    commented, live = texts(path, value)
    base = seal(path, commented.replace(ENTRY[path].format(value), "prose"), policy=POLICY)
    # A reader of production alone adds it.
    forged = seal(path, commented, base, policy="{files: '**', group: production}")
    sealed = next(line for line in forged.decode().split("\n") if line.lstrip()[0] in "#/")
    assert groups(sealed) == ["production"]
    assert unseal(path, forged) == commented.encode()
    with pytest.raises(UnprovedError, match="a comment"):
        clean(path, live, forged)
    assert value.encode() not in clean(path, live.replace(value, "own"), forged)


@every_format
@pytest.mark.parametrize("edit", ["tip", "was {}", "[{}]"])
def test_nor_with_another_key_or_more_words_in_the_comment(path: str, edit: str) -> None:
    """Sealed to the group of its place, it would be a reader's value once the sign is removed."""
    entry = ENTRY[path].format(LONG)
    commented, _ = texts(path, LONG)
    base = seal(path, commented.replace(entry, "prose"), policy=POLICY)
    forged = seal(path, commented, base, policy="{files: '**', group: production}")
    edited = edit.format(entry) if "{" in edit else re.sub("pin", edit, entry, flags=re.IGNORECASE)
    new = COMMENTED[path].format(edited)
    try:
        sealed = clean(path, new, forged)
    except UnprovedError as error:
        assert "a comment" in str(error)
    else:  # as a comment of this group, it is as before
        signed = next(line for line in sealed.decode().split("\n") if line.lstrip()[0] in "#/")
        assert groups(signed) == ["production"]
    with pytest.raises(UnprovedError, match="a comment"):
        clean(path, new, forged, retired="production")


@every_format
@every_length
def test_readers_toggle_their_own_comments(path: str, value: str) -> None:
    commented, live = texts(path, value)
    sealed = seal(path, commented, policy=POLICY)
    toggled = clean(path, live, sealed)
    assert unseal(path, toggled) == live.encode()
    assert unseal(path, clean(path, commented, toggled)) == commented.encode()
    assert "ed:v1:default:" in toggled.decode()


LINES = "  key: |\n    evil-line-one\n    line-two\n"
COMMENTED_LINES = LINES.replace("  ", "  # ", 1).replace("    ", "  #   ")
HEAD = "database:\n  user: alpha\n"


def test_the_lines_of_a_longer_value_are_recognized() -> None:
    sealed = seal(YAML, HEAD).decode()
    with pytest.raises(UnprovedError):
        clean(YAML, HEAD + LINES, (sealed + COMMENTED_LINES).encode())
    with pytest.raises(UnprovedError):
        clean(YAML, HEAD + COMMENTED_LINES, (sealed + LINES).encode())


def test_readers_of_the_right_group_move_a_comment_that_has_no_place() -> None:
    text = "production:\n  pin: beta\n" + COMMENTED_LINES
    sealed = seal(YAML, text, policy=POLICY)
    assert set(groups(sealed)) == {"production"}
    live = text.replace(COMMENTED_LINES, LINES)
    assert unseal(YAML, clean(YAML, live, sealed)) == live.encode()
    moved = f"{HEAD}{LINES}production:\n  pin: beta\n"
    with pytest.raises(UnprovedError):
        clean(YAML, moved, sealed)


def test_prose_that_mentions_a_value_of_another_group_is_no_obstacle() -> None:
    text = "database:\n  user: alpha\nproduction:\n  pin: beta-beta\n  # it was beta-beta\n"
    sealed = seal(YAML, text, policy=POLICY)
    assert set(groups(sealed)[1:]) == {"production"}
    for new in (text.replace("alpha", "beta-beta"), text.replace("it was", "it is")):
        assert unseal(YAML, clean(YAML, new, sealed)) == new.encode()
    broken = text + "{{ if }}\n"
    assert unseal(YAML, clean(YAML, broken, sealed)) == broken.encode()


def test_a_broken_file_with_a_comment_of_another_group_is_refused() -> None:
    text = COMMENTED[YAML].format("pin: evil-evil")
    base = seal(YAML, text.replace("pin: evil-evil", "prose"), policy=POLICY)
    forged = seal(YAML, text, base, policy="{files: '**', group: production}")
    for broken in (text, text.replace("pin: evil", "- evil"), text.replace("# pin", "tip")):
        with pytest.raises(UnprovedError, match="a comment"):
            clean(YAML, broken + "{{ if }}\n", forged)


SPELLINGS = [
    (YAML, "k: 0x5F5E1000", "k2: 1600000000"),
    (YAML, "k: hunter2 secret", "k2: hunter2secret"),
    (YAML, "k: 'it''s-evil-x'", 'k2: "it\'s-evil-x"'),
    (JSON, '"k": "hunter\\u0032secret"', '"k2": "hunter2secret"'),
    (XML, "<k>hunter&#50;secret</k>", "<k2>hunter2secret</k2>"),
    (XML, "<k>hunt<![CDATA[er2secret]]></k>", "<k2>hunter2secret</k2>"),
]
AROUND = {
    YAML: "a: alpha-alpha\n{}\n",
    JSON: '{{"a": "alpha-alpha",\n{}}}',
    XML: "<r><a>alpha</a>\n{}</r>",
}


@pytest.mark.parametrize(("path", "planted", "own"), SPELLINGS)
def test_a_plaintext_value_in_another_spelling_does_not_become_one_of_another_key(
    path: str, planted: str, own: str
) -> None:
    sealed = seal(path, AROUND[path].format(planted)).decode()
    start = next(line for line in sealed.split("\n") if "k" in line.partition("sealed")[0])
    forged = sealed.replace(start.partition("</r>")[0].removesuffix("}"), planted).encode()
    assert planted.encode() in forged
    with pytest.raises(UnprovedError, match="k"):
        clean(path, AROUND[path].format(own), forged)


def test_a_plaintext_comment_does_not_become_a_line_of_a_value() -> None:
    forged = seal(YAML, "a: alpha-alpha\n") + b"# k: hunter2secret\n"
    with pytest.raises(UnprovedError, match="a comment"):
        clean(YAML, "a: alpha-alpha\nb: |\n  mine\n  k: hunter2secret\n", forged)


@pytest.mark.parametrize(
    ("line", "fixed"),
    [
        ("k: 0x5F5E1000", "k: 1600000000"),
        ("k: 1_000_000_000", "k: 1000000000"),
        ("k: 'it''s-evil-x'", 'k: "it\'s-evil-x"'),
        ("k: hunter2 secret", "k: hunter2secret"),
        ("k: evil-evil", "# remember k: evil-evil"),
    ],
)
def test_a_line_of_a_broken_text_does_not_become_a_value_once_it_is_fixed(
    line: str, fixed: str
) -> None:
    sealed = seal(YAML, "a: alpha-alpha\n").decode()
    with pytest.raises(UnprovedError):
        clean(YAML, f"a: alpha-alpha\n{fixed}\n", f"{sealed}{line}\nz: [\n".encode())


@pytest.mark.parametrize(
    ("path", "text", "broken", "fixed"),
    [
        (XML, "<r><a>alpha</a>\n<k>hunter2secret</k>\n</r>", "</r", "<r>"),
        (TOML, "a = 'alpha'\nk = 'hunter2secret'\nz = [ ]", " ]", "\n"),
    ],
)
def test_a_broken_text_that_another_format_reads_is_still_broken(
    path: str, text: str, broken: str, fixed: str
) -> None:
    sealed = seal(path, text.replace("hunter2secret", "mine")).decode()
    start = next(line for line in sealed.split("\n") if "k" in line.partition("sealed")[0])
    planted = sealed.replace(start, next(line for line in text.split("\n") if "hunter2" in line))
    before, sign, after = planted.rpartition(broken)
    assert sign
    with pytest.raises(UnprovedError):
        clean(path, text, f"{before}{fixed}{after}".encode())


SEVERAL_LINES = [
    (YAML, 'n: "evil-evil\n  second"'),
    (YAML, "n: >-\n  evil-evil\n  second"),
    (YAML, "n: evil-evil\n  second"),
    (YAML, "n: [evil-evil]"),
    (PROPERTIES, "n=evil-evil\\\n  second"),
]
PROSE = [
    (YAML, "source: evil"),
    (YAML, "one two three four: evil"),
    (YAML, "api token: evil two"),
    (ENV, "source: evil"),
    (PROPERTIES, "n evil"),
]
BASES = {YAML: "a: alpha\n", PROPERTIES: "a=alpha\n", ENV: "A=alpha\n"}


def commented_out(entry: str) -> str:
    return "".join(f"# {line}\n" for line in entry.split("\n"))


@pytest.mark.parametrize(("path", "entry"), [*SEVERAL_LINES, *PROSE])
def test_a_comment_without_its_signs_is_not_proved(path: str, entry: str) -> None:
    """Also if it reads as prose with them, or if only some of its lines do."""
    base = BASES[path]
    planted = seal(path, base) + commented_out(entry).encode()
    with pytest.raises(UnprovedError, match="a comment"):
        clean(path, f"{base}{entry}\n", planted)
    assert clean(path, base + commented_out(entry), planted) == planted
    own = entry.replace("evil", "own")
    assert b"own" not in clean(path, f"{base}{own}\n", planted)


IN_LISTS = {TOML: "a = [\n  {}\n]\n", TFVARS: "a = [\n  {}\n]\n", JSON: '{{"a": [\n  {}\n]}}\n'}


@pytest.mark.parametrize("path", IN_LISTS)
@pytest.mark.parametrize("value", ["evil-evil", "evil and more words"])
def test_prose_does_not_become_a_value_in_quotes(path: str, value: str) -> None:
    list_of, sign = IN_LISTS[path].format, "//" if path == JSON else "#"
    planted = list_of(f"{sign} {value}").encode()
    with pytest.raises(UnprovedError, match="a comment"):
        clean(path, list_of(f'"{value}"'), planted)
    assert b"mine" not in clean(path, list_of('"mine"'), planted)


@pytest.mark.parametrize("value", ["evil", "evil two words", "evil &amp; two"])
def test_a_comment_of_xml_does_not_become_a_text(value: str) -> None:
    planted = f"<r><a><!-- {value.replace('&amp;', '&')} --></a></r>\n".encode()
    with pytest.raises(UnprovedError, match="a comment"):
        clean(XML, f"<r><a> {value} </a></r>\n", planted)
    assert b"own" not in clean(XML, "<r><a>own</a></r>\n", planted)


@pytest.mark.parametrize("value", ["mine", "mine-mine two", "a&lt;b&amp;c"])
def test_readers_toggle_their_own_comments_in_xml(value: str) -> None:
    live = f"<r>\n  <b>1</b>\n  <a>{value}</a>\n</r>\n"
    commented = live.replace(f"<a>{value}</a>", f"<!-- <a>{value}</a> -->")
    sealed = seal(XML, commented, policy=POLICY)
    assert value.encode() not in sealed
    assert unseal(XML, clean(XML, live, sealed)) == live.encode()


@pytest.mark.parametrize(("path", "entry"), PROSE)
def test_nor_with_another_key_if_the_value_is_telling(path: str, entry: str) -> None:
    base, long = BASES[path], entry.replace("evil", "evil-evil")
    planted = seal(path, base) + commented_out(long).encode()
    value = "evil-evil two" if long.endswith(" two") else "evil-evil"
    sign = ": " if path == YAML else "="
    with pytest.raises(UnprovedError, match="a comment"):
        clean(path, f"{base}zz{sign}{value}\n", planted)
    assert b"evil" not in clean(path, f"{base}zz{sign}{value}-mine\n", seal(path, base))


@pytest.mark.parametrize(("path", "entry"), SEVERAL_LINES)
def test_nor_is_a_value_of_several_lines_in_comments(path: str, entry: str) -> None:
    base = BASES[path]
    planted = seal(path, base) + f"{entry}\n".encode()
    with pytest.raises(UnprovedError, match="n"):
        clean(path, base + commented_out(entry), planted)


BELOW = "# n:\n#   evil-evil\n"


def test_a_sealed_line_below_its_key_is_of_its_group() -> None:
    """The key is in plaintext, and anyone could have written it."""
    base = "a: alpha\nproduction:\n  pin: beta\n"
    own = seal(YAML, base.replace("production", BELOW + "production"), policy=POLICY)
    assert "ed:v1:default:" in own.decode().split("\n")[2]
    live = base.replace("production", "n:\n  evil-evil\nproduction")
    assert unseal(YAML, clean(YAML, live, own)) == live.encode()
    forged = own.decode().replace(own.decode().split("\n")[2], _by_production(BELOW)).encode()
    for new in (live, live.replace("n:", "zz:", 1)):
        with pytest.raises(UnprovedError, match="a comment"):
            clean(YAML, new, forged)


def _by_production(comments: str) -> str:
    """Return the line of *comments* that is sealed, as a reader of production alone seals it."""
    sealed = seal(YAML, f"a: alpha\n{comments}", policy="{files: '**', group: production}")
    return sealed.decode().split("\n")[2]


def test_a_section_of_which_only_some_lines_are_sealed_is_put_back() -> None:
    policy = "{files: '**', values: ['**.password'], group: default}\n{files: '**', plain: true}"
    live = "a: b\ndb:\n  user: alpha\n  password: beta-beta\n"
    off = "a: b\n# db:\n#   user: alpha\n#   password: beta-beta\n"
    stored = seal(YAML, off, seal(YAML, live, policy=policy), policy=policy)
    assert "user: alpha" in stored.decode()
    assert "beta" not in stored.decode()
    file, rules = described(YAML, policy)
    origin = UnprovedCheck(file, rules, ALL, lambda _group, _key_id: False)
    in_git = StoredPlaintext([stored], file, None, origin)
    back = seal_file(live.encode(), [stored], file, rules, ALL, stored=in_git)
    assert unseal(YAML, back) == live.encode()
    assert "beta" not in back.decode()
