from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.age.armor import dearmor, enarmor
from sealedfiles.age.errors import ArmorError

BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
END = b"-----END AGE ENCRYPTED FILE-----"
DATA = bytes(range(100))
TEXT = enarmor(DATA)


def test_armor_is_pem_with_lines_of_64_columns() -> None:
    lines = TEXT.split(b"\n")
    assert lines[0] == BEGIN
    assert [len(line) for line in lines[1:-2]] == [64, 64, 8]
    assert lines[-2:] == [END, b""]


@given(data=st.binary(max_size=300))
def test_every_length_of_data_comes_back(data: bytes) -> None:
    assert dearmor(enarmor(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TEXT.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(TEXT[:-1], id="no line end at the end"),
        pytest.param(b"\r\n \t\n" + TEXT, id="white space before"),
        pytest.param(TEXT + b" \r\n\n", id="white space after"),
    ],
)
def test_what_does_not_change_the_content_is_accepted(text: bytes) -> None:
    assert dearmor(text) == DATA


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(BEGIN, id="only a BEGIN line"),
        pytest.param(BEGIN + END, id="BEGIN and END on one line"),
        pytest.param(TEXT.replace(END, b""), id="no END line"),
        pytest.param(TEXT.replace(BEGIN, b""), id="no BEGIN line"),
        pytest.param(TEXT.replace(b" FILE-", b" FILE -"), id="another label"),
        pytest.param(TEXT.replace(b"AGE ENCRYPTED FILE", b"PGP MESSAGE"), id="PGP"),
        pytest.param(b" " + TEXT, id="BEGIN line is indented"),
        pytest.param(TEXT.replace(END, b" " + END), id="END line is indented"),
        pytest.param(TEXT.replace(BEGIN, BEGIN + b" "), id="space after BEGIN"),
        pytest.param(TEXT[:-1] + b" \n", id="space after END"),
        pytest.param(TEXT + TEXT, id="two files"),
        pytest.param(TEXT + b"x", id="something after"),
        pytest.param(b"x\n" + TEXT, id="something before"),
        pytest.param(TEXT.replace(BEGIN, BEGIN + b"\n"), id="blank first line"),
        pytest.param(TEXT.replace(END, b"\n" + END), id="blank last line"),
        pytest.param(TEXT.replace(BEGIN, BEGIN + b"\nA: b\n"), id="PEM headers"),
        pytest.param(TEXT.replace(b"\n", b"\r"), id="CR"),
        pytest.param(TEXT.replace(b"\n", b"\r\r\n"), id="CR CR LF"),
        pytest.param(TEXT.replace(b"AA", b"A A", 1), id="space inside"),
        pytest.param(TEXT.replace(b"AA", b"A=", 1), id="padding inside"),
        pytest.param(TEXT.replace(b"Yw==", b"Yw="), id="padding too short"),
        pytest.param(TEXT.replace(b"==", b""), id="padding missing"),
        pytest.param(TEXT.replace(b"==", b"==="), id="padding too long"),
        pytest.param(TEXT.replace(b"Yw==", b"Yx=="), id="trailing bits"),
        pytest.param(TEXT.replace(b"+", b"-").replace(b"/", b"_"), id="URL alphabet"),
        pytest.param(TEXT.replace(b"\n", b"", 2), id="line too long"),
        pytest.param(BEGIN + b"\nQUJD\nREVG\n" + END + b"\n", id="short line inside"),
    ],
)
def test_every_other_spelling_is_refused(text: bytes) -> None:
    if text == TEXT:
        pytest.fail("the case does not change the text")
    with pytest.raises(ArmorError):
        dearmor(text)
