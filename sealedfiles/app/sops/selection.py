"""Which values SOPS encrypts, and which files, as rules and patterns of the policy."""

from __future__ import annotations

import re

from sealedfiles.app.sops.reading import Selected
from sealedfiles.app.tracking.new_rules import NewRule, add_rules
from sealedfiles.model import paths
from sealedfiles.model.policy import parse_policy
from sealedfiles.util.lazy_pattern import lazy_pattern

_LITERAL = lazy_pattern(r"(?:[A-Za-z0-9_-]|\\[.-]|\.\*)+")
_BARE = lazy_pattern(r"[A-Za-z0-9_*-]+")
_FILE = lazy_pattern(r"\[\^/\][*+]|\.[*+]|\\[^A-Za-z0-9]|[A-Za-z0-9_/.@ -]")


def rules_for(selector: tuple[str, str], read: Selected) -> tuple[tuple[NewRule, ...], bool]:
    """Return the rules for the values that SOPS left in plaintext, and whether they are those of *selector*.

    A rule that selects other values than SOPS did is replaced by the key paths of this file.
    """
    if not read.plain:
        return (), True
    globs = _globs(selector)
    if globs:
        rules = _rules(tuple(f"**.{glob}.**" for glob in globs), encrypted="un" not in selector[0])
        if _is_right(rules, read):
            return rules, True
    shown = tuple(dict.fromkeys(paths.show(path) for path in read.plain))
    rules = _rules(shown, encrypted=False)
    if not _is_right(rules, read):
        # Items of one list, some of which are encrypted: all are sealed.
        both = {*read.encrypted}
        shown = tuple(dict.fromkeys(paths.show(path) for path in read.plain if path not in both))
        rules = _rules(shown, encrypted=False)
    return rules if shown else (), False


def _rules(values: tuple[str, ...], *, encrypted: bool) -> tuple[NewRule, ...]:
    if encrypted:
        return NewRule(values), NewRule(plain=True)
    return (NewRule(values, plain=True),)


def _is_right(rules: tuple[NewRule, ...], read: Selected) -> bool:
    """Return True if *rules* seal what SOPS encrypted, and nothing else."""
    decided = parse_policy(add_rules(b"version: 1\n", "f", rules)).for_file("f")
    return all(decided.group_of(path) for path in read.encrypted) and not any(
        decided.group_of(path) for path in read.plain
    )


def _globs(selector: tuple[str, str]) -> list[str] | None:
    """Return the patterns of single keys that *selector* stands for; None if there are none."""
    kind, value = selector
    if kind.endswith("_suffix"):
        return [f"*{value}"] if _BARE.fullmatch(value) else None
    return key_globs(value) if kind in ("encrypted_regex", "unencrypted_regex") else None


def key_globs(regex: str) -> list[str] | None:
    """Return the patterns for one key that match as the regular expression *regex* does, searched in a key.

    None if it is not a list of names, possibly with ``.*``.
    """
    start, end = regex.startswith("^"), regex.endswith("$") and not regex.endswith("\\$")
    inner = regex[1 if start else 0 : -1 if end else None]
    is_group = inner.startswith("(") and inner.endswith(")") and "(" not in inner[1:]
    names = (inner[1:-1].removeprefix("?:") if is_group else inner).split("|")
    if len(names) > 1 and not is_group and (start or end):
        # ^a|b$: the first begins a key, and the last ends one.
        names = regex.split("|")
        start = end = False
    globs = [_glob(name, start=start, end=end) for name in names]
    return None if None in globs else [glob for glob in globs if glob]


def _glob(name: str, *, start: bool, end: bool) -> str | None:
    if name.startswith("^"):
        start, name = True, name[1:]
    if name.endswith("$"):
        end, name = True, name[:-1]
    if not _LITERAL.fullmatch(name):
        return None
    glob = (
        ("" if start else "*")
        + re.sub(r"\\(.)", r"\1", name.replace(".*", "*"))
        + ("" if end else "*")
    )
    glob = re.sub(r"\*+", "*", glob)
    if _BARE.fullmatch(glob):
        return glob
    return paths.json_string(glob) if "*" not in glob else None


def file_pattern(regex: str) -> str | None:
    """Return a pattern of files for *regex*, a ``path_regex`` of .sops.yaml; None if there is none.

    It may match other files.
    """
    start, end = regex.startswith("^"), regex.endswith("$")
    inner = regex[1 if start else 0 : -1 if end else None].removeprefix("(?:")
    parts = _FILE.findall(inner)
    if "".join(parts) != inner or not parts:
        return None
    text = "".join(_of_part(part) for part in parts)
    text = ("" if start else "*") + text + ("" if end else "*")
    text = f"{text}*" if inner.endswith("/") else text
    text = re.sub(r"/\*+", "/**/*", text) if ".*" in parts or ".+" in parts else text
    text = re.sub(r"/\*\*/\*$", "/**", re.sub(r"(?<![/*])\*{2,}", "*", text))
    if "/" in text and not start:
        text = "**/" + text
    return text.replace("**/*/", "**/")


def _of_part(part: str) -> str:
    if part[-1] in "*+" and len(part) > 1 and not part.startswith("\\"):
        return "*"
    if part == ".":
        return "?"
    return part.removeprefix("\\")
