"""The dates of commits.

Anyone who creates a commit chooses its date, which can be a text that is not a number, or a year that no
calendar has.
"""

from __future__ import annotations

AUTHORED = "%at %h by %an <%ae>"
"""The format of git for ``authored``.  (``%as`` prints itself if the date is not a number.)"""
_END = 253402300799
"""The last second of the year 9999: later dates have another form."""


def parse_time(text: str) -> int:
    """Return the Unix time of a date as git prints it (``%ct``, ``--timestamp``).  Never raises.

    A text that is not a number is 0, as for `git rev-list`; a date after the year 9999 is the end of 9999.
    """
    digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
    return min(int(digits[:13] or "0"), _END)


def show_time(time: int) -> str:
    """Return *time* (Unix time) as ``YYYY-MM-DDTHH:MM:SSZ``, the format of all dates.  Never raises."""
    from datetime import datetime, timezone  # here, because hooks read commits and print no dates

    moment = datetime.fromtimestamp(max(0, min(time, _END)), timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def show_day(text: str) -> str:
    """Return the day (UTC) of a date as git prints it."""
    return show_time(parse_time(text))[:10]


def authored(line: str) -> str:
    """Return the words for a commit, from a line of the format ``AUTHORED``."""
    time, _, words = line.partition(" ")
    return f"{words} on {show_day(time)}"
