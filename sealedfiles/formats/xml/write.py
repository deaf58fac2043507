"""Write texts, attributes and elements in XML."""

from __future__ import annotations

import json
import re

from sealedfiles.formats.base import Data
from sealedfiles.formats.place import line_end_of
from sealedfiles.formats.xml.events import BLANKS, is_namespace
from sealedfiles.formats.xml.format import TEXT_KEY
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.paths import json_string
from sealedfiles.util.lazy_pattern import lazy_pattern

_NAME = lazy_pattern(r"[^\W\d][\w:.-]*")
_UNFIT = lazy_pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARED = lazy_pattern(r"<\?xml\s[^>]*?\sencoding\s*=\s*[\"']([^\"']*)")
_CHILD = lazy_pattern(r">[ \t]*(?:\r\n|\n|\r)([ \t]+)<[^/!?]")
_NOT_ASCII = lazy_pattern(r"[^\x00-\x7f]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", '"': "&quot;", "'": "&apos;"}
_SPECIAL = lazy_pattern("[&<]")
_IN_QUOTES = {'"': lazy_pattern('[&<"\t\n\r]'), "'": lazy_pattern("[&<'\t\n\r]")}


class Layout(NamedTuple):
    """How a file is written."""

    ending: str
    """Its line end."""
    unit: str
    """The indentation of one level."""
    ascii_only: bool
    """Whether other characters are written as references, since the file declares another encoding."""


def layout_of(text: str) -> Layout:
    """Return the layout of *text*."""
    declared = _DECLARED.match(text)
    child = _CHILD.search(text)
    encoding = declared[1].lower() if declared else "utf-8"
    return Layout(line_end_of(text), child[1] if child else "  ", encoding not in ("utf-8", "utf8"))


def plain_text(value: Data) -> str:
    """Return the text that represents *value*.  Raises ValueError."""
    if value is None or isinstance(value, (dict, list)):
        what = "null" if value is None else "a structure"
        raise ValueError(f"the value is {what}, but a text or an attribute of XML is a string")
    text = value if isinstance(value, str) else json.dumps(value)
    if _UNFIT.search(text):
        raise ValueError("the value has a character that XML does not allow")
    return text


def text_source(value: Data, layout: Layout, old: str = "") -> str:
    """Return the source of a text, which replaces the literal *old*: a CDATA section stays one."""
    text = plain_text(value)
    is_section = old.startswith("<![CDATA[") and old.find("]]>") == len(old) - len("]]>")
    if is_section and "]]>" not in text and "\r" not in text and _fits(text, layout):
        return f"<![CDATA[{_with_line_ends(text, layout)}]]>"
    source = _SPECIAL.sub(_entity, text).replace("]]>", "]]&gt;").replace("\r", "&#13;")
    # White space around a text is not part of it.
    if source[-1:] and source[-1] in BLANKS:
        source = source[:-1] + _number(source[-1])
    if source[:1] and source[0] in BLANKS:
        source = _number(source[0]) + source[1:]
    return _with_line_ends(_in_encoding(source, layout), layout)


def attribute_source(value: Data, layout: Layout, quote: str) -> str:
    """Return the source of an attribute's value, in *quote*."""
    source = _IN_QUOTES[quote].sub(_entity, plain_text(value))
    return f"{quote}{_in_encoding(source, layout)}{quote}"


def element_source(name: str, value: Data, layout: Layout, indent: str | None) -> str:
    """Return the source of an element.

    *indent* is that of its first line; None puts all on one line.  Raises ValueError for what cannot be
    written, RecursionError for what is nested too deeply.
    """
    _require_name(name)
    if not isinstance(value, dict):
        text = text_source(value, layout)
        return f"<{name}>{text}</{name}>" if text else f"<{name}/>"
    attributes = [key for key in value if key.startswith("@")]
    tag = name + "".join(f" {new_attribute(key[1:], value[key], layout)}" for key in attributes)
    children = [key for key in value if key != TEXT_KEY and not key.startswith("@")]
    text = text_source(value.get(TEXT_KEY, ""), layout)
    if text and children:
        raise ValueError("an element with a text and other elements in it cannot be written")
    if not children:
        return f"<{tag}>{text}</{name}>" if text else f"<{tag}/>"
    inner = None if indent is None else indent + layout.unit
    parts = []
    for key in children:
        one = value[key]
        items = one if isinstance(one, list) else [one]
        parts += [element_source(key, item, layout, inner) for item in items]
    if inner is None:
        return f"<{tag}>{''.join(parts)}</{name}>"
    lines = "".join(f"{layout.ending}{inner}{part}" for part in parts)
    return f"<{tag}>{lines}{layout.ending}{indent}</{name}>"


def new_attribute(name: str, value: Data, layout: Layout, quote: str = '"') -> str:
    """Return the source of an attribute.  Raises ValueError."""
    _require_name(name)
    if is_namespace(name):
        raise ValueError("the declaration of a namespace cannot be changed with a command")
    return f"{name}={attribute_source(value, layout, quote)}"


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{json_string(name)} cannot be the name of an element or attribute")


def _entity(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0]) or _number(match[0])


def _number(char: str) -> str:
    return f"&#{ord(char)};"


def _fits(text: str, layout: Layout) -> bool:
    return text.isascii() or not layout.ascii_only


def _in_encoding(source: str, layout: Layout) -> str:
    if _fits(source, layout):
        return source
    return _NOT_ASCII.sub(lambda char: _number(char[0]), source)


def _with_line_ends(source: str, layout: Layout) -> str:
    return source.replace("\n", layout.ending)
