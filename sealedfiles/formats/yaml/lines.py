"""Writing YAML: collections, as lines of a block or in brackets."""

from __future__ import annotations

from sealedfiles.formats.base import Data
from sealedfiles.formats.yaml.scalar import WrittenScalar, key_form, scalar_forms
from sealedfiles.light_typing import NamedTuple

ITEM_INDENT = 2
"""Of what stands behind ``- ``."""


class Habits(NamedTuple):
    """How a text is laid out in the neighbourhood of what is to be written."""

    step: int
    """How much further than its key a mapping is indented."""
    dash: int
    """How much further than its key a list is."""
    quote: str
    """The quote around strings; empty for none."""
    key_quote: str


def block_lines(
    value: dict[str, Data] | list[Data], habits: Habits, *, careful: bool = False
) -> list[str]:
    """Return the lines of *value*, a collection that is not empty.

    *careful*: strings are in double quotes if they are not plain, never blocks.
    """
    if isinstance(value, dict):
        return [
            line
            for key, item in value.items()
            for line in _entry(key_form(key, habits.key_quote, flow=False), item, habits, careful)
        ]
    return [line for item in value for line in _item(item, habits, careful)]


def flow_text(value: Data, habits: Habits) -> str:
    """Return *value* on one line, collections in brackets."""
    if isinstance(value, dict) and value:
        return "{" + ", ".join(flow_entry(key, item, habits) for key, item in value.items()) + "}"
    if isinstance(value, list) and value:
        return "[" + ", ".join(flow_text(item, habits) for item in value) + "]"
    return scalar_forms(value, habits.quote, flow=True)[0].inline


def flow_entry(key: str, value: Data, habits: Habits) -> str:
    """Return one entry of a mapping in braces."""
    return f"{key_form(key, habits.key_quote, flow=True)}: {flow_text(value, habits)}"


def _entry(key: str, value: Data, habits: Habits, careful: bool) -> list[str]:
    if value and isinstance(value, (dict, list)):
        depth = habits.step if isinstance(value, dict) else habits.dash
        return [f"{key}:", *indented(block_lines(value, habits, careful=careful), depth)]
    form = _scalar(value, habits, careful, habits.step)
    return [f"{key}: {form.inline}", *indented(form.below, habits.step)]


def _item(value: Data, habits: Habits, careful: bool) -> list[str]:
    if value and isinstance(value, (dict, list)):
        first, *below = block_lines(value, habits, careful=careful)
    else:
        first, below = _scalar(value, habits, careful, ITEM_INDENT)
    return [f"- {first}", *indented(below, ITEM_INDENT)]


def _scalar(value: Data, habits: Habits, careful: bool, indent: int) -> WrittenScalar:
    style = new_style(value, habits)
    return scalar_forms(value, style, flow=False, indent=indent)[-1 if careful else 0]


def new_style(value: Data, habits: Habits) -> str:
    """Return the style for a new scalar: lines are written as a block, whatever the habit."""
    return "" if isinstance(value, str) and "\n" in value else habits.quote


def indented(lines: list[str], depth: int) -> list[str]:
    """Return *lines* with blanks in front of those that are not empty."""
    return [" " * depth + line if line else "" for line in lines]
