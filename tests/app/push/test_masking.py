"""What a service answers is shown, but no value that it repeats."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from sealedfiles.app.push.masking import mask, masked_error
from sealedfiles.errors import RemoteError

VALUE = 's3cr3t "ä" & more'


@pytest.mark.parametrize(
    "shown",
    [
        VALUE,
        base64.b64encode(VALUE.encode()).decode(),
        json.dumps(VALUE)[1:-1],
        json.dumps(VALUE, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(VALUE))[1:-1],
        quote(VALUE, safe=""),
        VALUE.replace(" ", "\n"),
    ],
)
def test_every_spelling_of_a_value_is_masked(shown: str) -> None:
    masked = mask(f"invalid value: {shown}, try again", [VALUE])
    assert masked.replace('"', "").replace("\\", "") == "invalid value: •••, try again"
    assert "s3cr3t" not in masked


def test_each_line_of_a_value_is_masked() -> None:
    assert mask("line 2 is s3cr3t-two", ["s3cr3t-one\ns3cr3t-two"]) == "line 2 is •••"


def test_words_with_a_value_that_is_too_short_are_not_shown() -> None:
    assert mask("the pin 123 is invalid", ["123"]) == ""
    assert mask("the pin is invalid", ["123"]) == "the pin is invalid"


def test_an_error_keeps_its_message_and_hints() -> None:
    class OfServiceError(RemoteError):
        reasons = ("1 error occurred:\n\t* s3cr3t-value is invalid\n\n",)

    error = masked_error(OfServiceError("refused", "try again"), ["s3cr3t-value"])
    assert (error.message, error.hints) == (
        "refused",
        ("the service answered: 1 error occurred: * ••• is invalid", "try again"),
    )
    assert masked_error(RemoteError("refused"), ["x"]).hints == ()
