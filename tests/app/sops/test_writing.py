"""SOPS files that are written: what is in plaintext in them, and what comes back.

What the real sops makes of them is in tests/cli/test_export_files.py.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles import age
from sealedfiles.app.sops import reading, tokens, writing
from sealedfiles.app.sops.comments import END, Comment, above_item
from sealedfiles.app.sops.metadata import read_metadata
from sealedfiles.app.sops.reading import read
from sealedfiles.app.sops.tokens import Value
from sealedfiles.model import paths

if TYPE_CHECKING:
    from sealedfiles.formats.base import Data
    from sealedfiles.model.address import Address

IDENTITY = age.generate_identity(post_quantum=False)
RECIPIENT = age.parse_recipient(str(IDENTITY.recipient))
KEYS = st.sampled_from(["host", "port", "password", "token_unencrypted", "x.y", "(a|b)"])
SCALARS = st.sampled_from(["s3cr3t", "two\nlines", "", 12, 1.5, True, None])
DATA: st.SearchStrategy[Data] = st.recursive(
    SCALARS,
    lambda below: st.dictionaries(KEYS, below, max_size=3) | st.lists(below, max_size=3),
    max_leaves=8,
)
ROOTS: st.SearchStrategy[dict[str, Data]] = st.dictionaries(KEYS, DATA, min_size=1, max_size=4)


def opened(data: bytes, form: str) -> str:
    """Decrypt a SOPS file, which also compares its MAC."""
    text = data.decode()
    metadata = read_metadata(text, form)
    return read(text, form, metadata, age.decrypt(metadata.age[0].encrypted, [IDENTITY])).decode()


def addresses(data: Data, above: Address = ()) -> list[Address]:
    children = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    return [
        one for key, value in children for one in ((*above, key), *addresses(value, (*above, key)))
    ]


@pytest.mark.slow
@given(ROOTS, st.sets(KEYS), st.data())
def test_values_and_comments_come_back_and_no_secret_is_in_plaintext(
    data: dict[str, Data], secret: set[str], drawn: st.DataObject
) -> None:
    places = [*addresses(data), (END,)]
    chosen = drawn.draw(st.lists(st.tuples(st.sampled_from(places), st.booleans()), max_size=5))
    comments: dict[Address, list[Comment]] = {}
    for number, (address, is_public) in enumerate(chosen):
        text = f" {'public' if is_public else 'hidden'} {number}"
        place = address if address == (END,) else above_item(data, address)
        comments.setdefault(place, []).append(Comment(text, is_public))

    def is_secret(path: bytes) -> bool:
        return paths.steps(path)[0] in secret

    written = writing.write(data, "yaml", [RECIPIENT], is_secret, comments=comments)
    text = written.data.decode()
    assert " hidden " not in text
    stored = yaml.safe_load(text)
    for key in secret & {*data}:
        assert "s3cr3t" not in json.dumps(stored[key])
    plain = opened(written.data, "yaml")
    assert yaml.safe_load(plain) == data
    found = [line.strip()[1:] for line in plain.split("\n") if line.strip().startswith("#")]
    assert sorted(found) == sorted(one.text for some in comments.values() for one in some)


def test_the_mapping_of_a_comment_is_found_without_trying_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    def counted(token: str, key: bytes, context: str) -> Value:
        tried.append(token)
        return tokens.open_token(token, key, context)

    data: Data = {f"k{number}": {"empty": {}} for number in range(30)}
    places: list[Address] = [(f"k{number}", "empty") for number in range(30)]
    comments = {place: [Comment(" hidden", False)] for place in places}
    written = writing.write(data, "yaml", [RECIPIENT], lambda _path: True, comments=comments)
    monkeypatch.setattr(reading, "open_token", counted)
    assert opened(written.data, "yaml").count("# hidden") == 30
    # In the root, and in two mappings around it with their keys; and the MAC.
    assert len(tried) <= 30 * 5 + 1


@pytest.mark.parametrize(
    ("plain", "hidden", "rule"),
    [
        ("", False, "unencrypted_suffix: _unencrypted"),
        ("host", False, "encrypted_regex: ^(password)$"),
        ("host", True, "unencrypted_regex: ^(host)$"),
    ],
)
def test_the_rule_is_one_that_people_use_with_sops(plain: str, hidden: bool, rule: str) -> None:
    data: Data = {"host": "db", "password": "s3cr3t"}
    written = writing.write(
        data,
        "yaml",
        [RECIPIENT],
        lambda path: paths.last_key(path) != plain,
        comments={("host",): [Comment(" a note", not hidden)]},
    )
    text = written.data.decode().replace('"', "")
    assert f"  {rule}\n" in text
    assert ("# a note" in text) is (rule.startswith("encrypted_regex"))
