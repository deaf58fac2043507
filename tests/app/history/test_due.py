"""When a value is due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.history.ages import Age
from sealedfiles.app.history.due import DAY, DatedValue, Deadline, day, deadline_of
from sealedfiles.model.lifetime import Lifetime

NOW = 1_800_000_000 // DAY * DAY


def state(lifetime: Lifetime, changed: int, now: int = NOW) -> str:
    return DatedValue(
        Age(b"a", b"", None, True), changed, lifetime, deadline_of(lifetime, changed)
    ).state(now)


@pytest.mark.parametrize(
    ("max_age", "days", "expected"),
    [
        *((90, 0, ""), (90, 76, ""), (90, 77, "soon"), (90, 90, "soon"), (90, 91, "over")),
        *((8, 6, ""), (8, 7, "soon"), (8, 9, "over"), (1, 1, ""), (1, 2, "over")),
    ],
)
def test_an_age_is_announced_and_then_exceeded(max_age: int, days: int, expected: str) -> None:
    assert state(Lifetime(max_age), NOW - days * DAY) == expected


@pytest.mark.parametrize(
    ("until", "days", "expected"),
    [
        *((15, 100, ""), (14, 100, "soon"), (1, 100, "soon"), (0, 100, "over"), (-30, 100, "over")),
        # It was changed in the 14 days before that date, or later.
        *(
            (1, 12, ""),
            (0, 14, ""),
            (0, 15, "over"),
            (-30, 10, ""),
            (-30, 44, ""),
            (-30, 45, "over"),
        ),
    ],
)
def test_a_date_is_announced_until_the_value_is_renewed(
    until: int, days: int, expected: str
) -> None:
    assert state(Lifetime(None, NOW + until * DAY), NOW - days * DAY) == expected


@given(max_age=st.integers(1, 999), until=st.integers(-999, 999), days=st.integers(0, 999))
def test_the_earlier_deadline_counts(max_age: int, until: int, days: int) -> None:
    changed, expires = NOW - days * DAY, NOW + until * DAY
    both = deadline_of(Lifetime(max_age, expires), changed)
    each = [deadline_of(Lifetime(max_age), changed), deadline_of(Lifetime(None, expires), changed)]
    assert both == min(one for one in each if one)


def test_without_a_limit_nothing_is_due() -> None:
    assert deadline_of(None, NOW) is None
    assert deadline_of(Lifetime(generate="uuid"), 0) is None


def test_a_day_has_ten_characters_whatever_the_date_of_the_commit() -> None:
    assert day(NOW) == "2027-01-15"
    assert day(1 << 62) == "9999-12-31"
    assert Deadline(1, 0, "expires") < Deadline(2, 0, "max_age")
