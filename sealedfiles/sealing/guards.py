"""Guards against rules that a pull request brings, and the check of texts that cannot be sealed."""

from __future__ import annotations

from sealedfiles import formats
from sealedfiles.errors import RoundTripError
from sealedfiles.formats.base import Format, Scan, Span, splice
from sealedfiles.model.paths import key_step, show
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import TOKEN
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import File, Keys, line_of, whole_token
from sealedfiles.sealing.opened_tokens import token_of
from sealedfiles.sealing.previous import Previous
from sealedfiles.sealing.sealed_text import SealedText, Text
from sealedfiles.util.lazy_pattern import lazy_pattern

_MAY_BE_KEY = lazy_pattern(r"([\w.\-\[\]]+)[\"']?\s*[=:]")


def is_read_anew(text: str, scan: Scan, previous: Previous, file: File, rules: FileRules) -> bool:
    """Return True if the `format` of a rule would expose a value that was sealed under another format.

    For example, the body of a YAML block scalar, read as .env, is a number of lines that were never sealed: a
    pulled policy could leave them in plaintext with a `format` and a `plain`.
    """
    if _was_sealed_as_another(previous, file, rules):
        return True
    if rules.format is None:
        return False
    plain = [
        s for s in scan.values if not (rules.group_of(s.path) or previous.sealed_group(s.path))
    ]
    if not plain:
        return False
    opened = splice(previous.text, previous.opened_tokens)
    known = [span[:2] for span in Text(opened, file.format).values]
    for other in formats.NAMES:
        other_format = formats.load(other)
        if other_format is None or other_format is file.format:
            continue
        if [span[:2] for span in Text(opened, other_format).values] == known:
            continue  # read the same way, so that the place of each sealed value is known
        before = Text(previous.text, other_format)
        sealed = {
            span.path for span in before.values if token_of(before.literal(span), other_format)
        }
        now = Text(text, other_format)
        if sealed and now.scan is None:
            return True  # half-edited: where these values are now is unknown
        if sealed and _overlap([span for span in now.values if span.path in sealed], plain):
            return True
    return False


def keeps_whole(version: bytes | None, file: File, rules: FileRules, keys: Keys) -> bool:
    """Return True if *version*, which the file replaces, was sealed whole although it parses.

    An older version of this program did not know its format, or a rule said `format: whole`.  Sealed value by
    value, its keys and comments would become public, so only a rule that names the format does that.
    """
    if version is None or file.format is None or not file.format.keeps_whole or rules.format:
        return False
    token = whole_token(version)
    if token is None:
        return False
    from sealedfiles.sealing.whole import open_whole  # few files are sealed whole

    opened = open_whole(version, token, keys)
    if opened is None:
        return False  # a value at the root
    before = SealedText(opened.data, file)
    return bool(opened.problems) or (before.form is not None and before.error is None)


def refuse_hidden_assignments(text: str, scan: Scan, file: File, rules: FileRules) -> None:
    """Raise RoundTripError if a dialect of .env reads a variable that *rules* seal from a value that they do
    not seal.

    With `DATA=C:\\data\\` as a plain value, the line after it is part of that value, and an assignment for
    other dialects.  Anyone with push access can add the backslash.
    """
    if file.format is None or file.format.name != "dotenv" or rules.uniform:
        return
    plain = [span for span in scan.values if rules.group_of(span.path) is None]
    suspects = [
        (name, span)
        for span in plain
        for name in _MAY_BE_KEY.findall(text, span.start, span.end)
        if rules.group_of(key_step(name))
    ]
    if not suspects:
        return
    from sealedfiles.formats.dotenv.masked import set_elsewhere

    sealed = [(start, end) for start, end, path in scan.values if rules.group_of(path)]
    read = set_elsewhere(text, sealed)
    for name, span in suspects:
        if name in read:
            raise RoundTripError(
                f"{file.name}:{line_of(text, span.start)}: the policy leaves {show(span.path)} in plaintext, "
                f"but the dialect {read[name]} reads {name} in it, which it seals; nothing was stored",
                "put the value in quotes; a backslash at its end continues it on the next line",
                "if you did not write it: git log -p -- FILE",
            )


def refuse_read_plaintext(text: str, sealed: str, scan: Scan, file: File, rules: FileRules) -> None:
    """Raise RoundTripError if a program reads text that stays in plaintext in *sealed* as part of a variable
    that *rules* seal.

    For node's dotenv, U+2028 ends a comment, and what follows is an assignment; and a quote after two
    backslashes does not end a value, which then continues into a comment.
    """
    if file.format is None or file.format.name != "dotenv":
        return
    from sealedfiles.formats.dotenv.scan import DISPUTED  # loaded with the format

    if not DISPUTED.search(text):
        return
    from sealedfiles.formats.dotenv.masked import assignment_of, dependent_on

    plain = [(start, end) for start, end, path in scan.values if rules.group_of(path) is None]
    plain += [(start, end) for start, end in scan.comments() if text[start:end] in sealed]
    for name, dialect in dependent_on(text, plain).items():
        if rules.group_of(key_step(name)):
            line = line_of(text, assignment_of(text, name, ()))
            raise RoundTripError(
                f"{file.name}:{line}: {dialect} reads text that stays in plaintext, for example a comment, "
                f"as part of {name}, which the policy seals; nothing was stored",
                "put no backslash before the quote at the end of a value",
                "remove U+2028 and U+2029, which are line ends for node",
            )


def _was_sealed_as_another(previous: Previous, file: File, rules: FileRules) -> bool:
    """Return True if the tokens are written as another format writes them, and that format finds all of them.

    This counts only if a rule names the format, or a rule that named it may have been removed. Otherwise the
    quotes of a token mean nothing, because formatters change them.
    """
    if file.format is None or (rules.format is None and file.format.quoted):
        return False
    tokens = TOKEN.findall(previous.text)
    if not tokens:
        return False
    in_quotes = previous.text.count('"sealed:v1:') == len(tokens)
    bare = '"sealed:v1:' not in previous.text
    if in_quotes if file.format.quoted else bare:
        return False
    # A formatter that adds quotes makes a .env file look like TOML.
    for other in formats.NAMES if rules.format else formats.FIRST_NAMES:
        other_format = formats.load(other)
        if other_format is None or not (in_quotes if other_format.quoted else bare):
            continue
        read = Text(previous.text, other_format)
        spans = [*(span[:2] for span in read.values), *read.comments]
        texts = (previous.text[start:end].strip().strip('"') for start, end in spans)
        if sum(TOKEN.fullmatch(text) is not None for text in texts) == len(tokens):
            return True
    return False


def _overlap(these: list[Span], those: list[Span]) -> bool:
    """Return True if a span of one list, in file order, overlaps a span of the other."""
    at = 0
    for span in these:
        while at < len(those) and those[at].end <= span.start:
            at += 1
        if at < len(those) and those[at].start < span.end:
            return True
    return False


def nothing_to_seal(text: str, file_format: Format, rules: FileRules, keys: Keys) -> bool:
    """Return True if a text with conflict markers has only tokens and values that stay in plaintext on every
    side.

    It is asked only if nothing can be sealed: git runs clean on conflicted files (`git diff`) also in a clone
    without keys, where it must not fail.
    """
    if any(keys.holds(group) for group in rules.whole_groups()):
        return False
    sides = [Text(side.text, file_format) for side in sides_of(text)]
    return bool(sides) and all(
        side.scan is not None
        and all(side.is_token(span) or rules.group_of(span.path) is None for span in side.values)
        for side in sides
    )
