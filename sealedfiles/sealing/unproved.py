"""Values whose origin would be lost if their file were sealed whole, or was.

Anyone with push access can write a value in plaintext, a reader of one group a token of that group at a
key that the policy assigns to another, and a removed reader a token under a retired key.  Such a value is
not used.  If its file were sealed whole, because its text does not parse, and then fixed, the value would
get a token like one that the user typed.  The same holds for a file that such a reader sealed whole: an edit
of one value would seal all of them again.
"""

from __future__ import annotations

from sealedfiles import formats
from sealedfiles.errors import FormatError, UnprovedError
from sealedfiles.formats.base import splice
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import ROOT, show
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import VALUE, prefixes_of, split
from sealedfiles.sealing.file import is_whole, whole_token
from sealedfiles.sealing.opened_tokens import open_tokens
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.sealing.spelling import ENCODINGS, SPELLED, has_other_spellings
from sealedfiles.sealing.unproved_value import (
    COMMENT,
    FILE,
    PART,
    Unproved,
    is_repeated,
)
from sealedfiles.sealing.whole import layers_of, open_whole
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import counted, shell_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealedfiles.model.token import Token
    from sealedfiles.sealing.comment_lines import PlacedComment
    from sealedfiles.sealing.file import File, Keys
    from sealedfiles.sealing.stored import NewTokens, Noted

_SHOWN = 10
_WORDS = lazy_pattern(r"[^\s:=,\"'`\[\]{}<>]+")
_LINE = lazy_pattern(r"(?!-----)\s*\S{4}")
"""A line of a file without values. PEM has lines like ``-----BEGIN PRIVATE KEY-----``."""


class _Whole(NamedTuple):
    """A version that is sealed whole, decrypted."""

    data: bytes
    groups: set[str]
    is_retired: bool
    """Whether the key of a layer is retired."""


class UnprovedCheck:
    """Refuses to seal *file* if that would hide who wrote a value (``stored.OriginCheck``).

    It finds the values of stored versions that no reader of their group wrote.
    *is_retired* tells of a group and a key id if that key is retired.  With *tokens_only*, values in
    plaintext are left out.
    """

    def __init__(
        self,
        file: File,
        rules: FileRules,
        keys: Keys,
        is_retired: Callable[[str, str], bool],
        *,
        tokens_only: bool = False,
    ) -> None:
        # A rule may say that a file with a format is sealed whole.
        by_name = file.format or formats.load(formats.name_by_path(file.path))
        self._file = file._replace(format=by_name)
        self._rules = rules
        self._keys = keys
        self._is_retired = is_retired
        self._tokens_only = tokens_only

    def whole(
        self,
        data: bytes,
        replaced: list[bytes],
        stored: Iterable[bytes],
        noted: Noted | None = None,
    ) -> None:
        """See ``OriginCheck``."""
        is_whole_now = any(map(is_whole, replaced))
        state = "is sealed whole in git" if is_whole_now else "cannot be sealed whole"
        hint = "if its text is broken or has conflict markers, fix it, then git add it"
        names = [one.name for one in self.in_text(data, [*replaced, *stored])]
        if noted and not names:
            names = self.noted_in(data, replaced, noted)
        self._refuse(list(dict.fromkeys(names)), state, hint)

    def moved(self, new: NewTokens, replaced: list[bytes], stored: Iterable[bytes]) -> None:
        """See ``OriginCheck``."""
        hint = "this also applies if the value was moved to another key or into a comment"
        self._refuse(self._in_new(new, [*replaced, *stored]), "cannot be sealed", hint)

    def _refuse(self, names: list[str], state: str, hint: str) -> None:
        if not names:
            return
        file = shell_path(self._file.path)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise UnprovedError(
            f"{self._file.name}: the file {state}: {counted(len(names), 'stored value')} "
            f"{'is' if len(names) == 1 else 'are'} not proved to be from a current reader: "
            f"{', '.join(names[:_SHOWN])}{more}",
            hint,
            f"find who wrote these values: git log -p -- {file}",
            "if they are correct, accept git's version first, then make your change: "
            f"sealedfiles seal {file} (plaintext), sealedfiles sync (a retired key), "
            f"sealedfiles reseal {file} (another group)",
            "if a comment is correct: remove it, commit, then enter the value",
            "if not, or while the file has a merge conflict, set the correct values: "
            f"sealedfiles set {file} KEY",
        )

    def in_text(self, data: bytes, versions: Iterable[bytes]) -> list[Unproved]:
        """Return the unproved values of *versions* that may be in *data*."""
        # An editor may have saved the file in another encoding, so that it does not parse.
        text = "\n".join(data.decode(encoding, "replace") for encoding in ENCODINGS)
        distinct = list(dict.fromkeys(versions))
        proved = {line for version in distinct for line in self._proved_lines(version)}
        return [
            one
            for version in distinct
            for one in self._of(version)
            if not (one.name in (FILE, PART) and one.text in proved)
            and not (one.is_line or one.is_unsigned)
            and any(_may_hold(text, part) for part in (one.text, *one.telling_values))
        ]

    def noted_in(self, data: bytes, versions: Iterable[bytes], noted: Noted) -> list[str]:
        """Return the names of what was *noted* and may be in *data*, but is not sealed in *versions*."""
        from sealedfiles.sealing.noted_parts import noted_parts

        distinct = [one for one in dict.fromkeys(versions) if one]
        proved = [line for one in distinct for line in self._proved_lines(one)]
        return noted_parts(data, noted, distinct, proved, self._file, self._keys)

    def _in_new(self, new: NewTokens, versions: Iterable[bytes]) -> list[str]:
        """Return those that *new* repeats, at another key path or in a comment.

        Otherwise a renamed key, or a new section around it, would make a reader's value of it.  A value that
        is too short to be recognized counts only if its own key path is gone.
        """
        distinct = [one for one in dict.fromkeys(versions) if one and self._may_repeat(one, new)]
        # For nearly all files, no version is left.
        present = {show(path) for path in new.paths} if distinct else set()
        names = (
            one.name
            for version in distinct
            for one in self._of(version)
            if self._repeats(new, one, is_gone=one.name not in present)
        )
        return list(dict.fromkeys(names))

    def _of(self, version: bytes) -> Iterator[Unproved]:
        found = self._in_whole(version) if is_whole(version) else self._in_values(version)
        return (one for one in found if not (one.is_plain and self._tokens_only))

    def _may_repeat(self, version: bytes, new: NewTokens) -> bool:
        """Return False if *new* repeats no unproved value of *version*: for nearly all files, and cheap."""
        text = SealedText(version, self._file)
        if text.whole or text.form is None or new.comments or SPELLED.search(text.text):
            return True
        parts = [split(prefix) for prefix in prefixes_of(text.text)]
        if any(self._is_retired(one.group, one.key_id) for one in parts):
            return True
        squeezed = "".join(text.text.split())
        for _, value in new.values:
            # Of a value of several lines, one may be in a comment.
            lines = (line.split()[:1] for line in value.split("\n"))
            if has_other_spellings(value) or any(
                word in squeezed for line in lines for word in line
            ):
                return True
        group = self._rules.group_of(ROOT) if self._rules.uniform else None
        if group is not None and all(one.group == group for one in parts):
            return False
        for span in text.values:
            token = text.token_in(span)
            groups = _groups_of(span.path, self._rules) if token else set()
            if token and groups and split(token).group not in groups:
                return True
        return text.scan is None or any(
            "sealed:v1:" in text.text[start:end] for start, end in text.comments
        )

    def _repeats(self, new: NewTokens, one: Unproved, *, is_gone: bool) -> bool:
        """Return True if a value or comment of *new* is, or contains, the unproved *one*."""
        values = [pair for pair in new.values if not self._is_proved(one, pair[0])]
        comments = [
            added.comment
            for added in new.comments
            if not one.groups or not added.groups <= one.groups
        ]
        return is_repeated(values, comments, one, is_gone=is_gone)

    def _is_proved(self, one: Unproved, path: bytes) -> bool:
        wanted = _groups_of(path, self._rules)
        return bool(wanted) and wanted <= one.groups

    def comments_of(self, version: bytes) -> list[Unproved]:
        """Return the unproved comments of *version*, and the lines if it does not parse."""
        return [one for one in self._of(version) if one.name in (COMMENT, PART)] if version else []

    def repeated_comment(
        self, path: bytes, value: str, comments: Iterable[Unproved]
    ) -> Unproved | None:
        """Return the first of *comments* that the decoded *value* at *path* repeats, or None."""
        for one in comments:
            is_proved = self._is_proved(one, path)
            if not is_proved and is_repeated([(path, value)], [], one, is_gone=False):
                return one
        return None

    def _in_values(self, version: bytes) -> Iterator[Unproved]:
        """Yield the unproved values of a version that is not sealed whole."""
        # For nearly all files, no value of a version is compared.
        from sealedfiles.sealing.placed_comments import comments_to_seal, with_layers
        from sealedfiles.sealing.renamed_format import read_stored

        stored = read_stored(version, self._file)
        if stored.form is None and self._rules.whole_groups() and b"sealed:v1:" not in version:
            yield from (Unproved(FILE, line, is_plain=True) for line in _lines(version))
        if stored.scan is None and not stored.sides and self._rules.whole_groups():
            # Once the user has fixed the text, its values would be sealed as their own.
            from sealedfiles.sealing.noted_parts import long_lines

            lines = long_lines(version, self._file.format)
            yield from (Unproved(PART, line.text, True, line.values) for line in lines)
        for one in stored.readings:
            assert one.form is not None  # noqa: S101 - it was read
            opened_tokens, _ = open_tokens(one.text, self._file, self._keys)
            opened = {found.start: found for found in opened_tokens if found.kind == VALUE}
            for span in one.values:
                groups = _groups_of(span.path, self._rules)
                token = one.token_in(span)
                found = opened.get(span.start)
                if not groups:
                    continue
                if token is None:
                    value = one.decoded(span)
                    yield Unproved(show(span.path), value, True, ((span.path, value),))
                elif found is not None and found.key.path_tag(span.path) == found.path_tag:
                    parts = split(token)
                    if parts.group not in groups or self._is_retired(parts.group, parts.key_id):
                        text = one.form.decode(found.literal)
                        yield Unproved(show(span.path), text, False, ((span.path, text),))
            placed = with_layers(one, opened_tokens, self._keys)
            yield from self._wrong_comments(placed)
            try:
                comments = comments_to_seal(splice(one.text, opened_tokens), one.form, self._rules)
            except FormatError:
                continue
            yield from (
                Unproved(COMMENT, comment.text, True, comment.values)
                for comment in comments
                if comment.text in one.text
            )
            yield from self._without_signs(placed)

    def _without_signs(
        self, comments: list[tuple[PlacedComment, list[Token]]]
    ) -> Iterator[Unproved]:
        """Yield what comments would be without signs; only readers can have written what is sealed of it."""
        for index, (comment, _) in enumerate(comments):
            wanted = [_groups_of(path, self._rules) for path, _ in comment.values]
            for pairs, count in ((comment.alone, 1), (comment.joined, comment.lines)):
                for pair in pairs:
                    writers = self._writers(pair[1], comments[index : index + count])
                    groups = frozenset.intersection(*writers) if writers else frozenset()
                    is_right = groups and wanted and all(not one or one & groups for one in wanted)
                    if not is_right:
                        yield Unproved(
                            COMMENT, pair[1], not groups, (pair,), groups, is_unsigned=True
                        )

    def _writers(
        self, value: str, lines: list[tuple[PlacedComment, list[Token]]]
    ) -> list[frozenset[str]]:
        """Return, for each of *lines* that may have a word of *value*, the groups whose current readers alone
        can have written it."""
        words = {*_WORDS.findall(value)}
        return [
            frozenset()
            if any(self._is_retired(one.group, one.key_id) for one in layers)
            else frozenset(one.group for one in layers)
            for line, layers in lines
            if SPELLED.search(line.text) or not words.isdisjoint(_WORDS.findall(line.text))
        ]

    def _wrong_comments(
        self, comments: list[tuple[PlacedComment, list[Token]]]
    ) -> Iterator[Unproved]:
        """Yield the sealed comments that a removed reader, or a reader of other groups, may have written.

        Of a comment that is no entry, only its groups show for which values it is right.
        """
        for comment, layers in comments:
            if not layers:
                continue
            if any(self._is_retired(layer.group, layer.key_id) for layer in layers):
                yield Unproved(COMMENT, comment.text, False, comment.values)
                continue
            groups = frozenset(layer.group for layer in layers)
            wanted = [_groups_of(path, self._rules) for path, _ in comment.values]
            if not wanted or any(one and not one & groups for one in wanted):
                yield Unproved(COMMENT, comment.text, False, comment.values, groups)

    def _in_whole(self, version: bytes) -> Iterator[Unproved]:
        """Yield the unproved values of a version sealed whole: its readers can have written all of it."""
        from sealedfiles.sealing.placed_comments import comments_to_seal, placed_comments

        whole = self._open(version)
        if whole is None:
            return
        is_right = not whole.is_retired and whole.groups >= set(self._rules.whole_groups())
        text = SealedText(whole.data, self._file)
        if text.scan is None or text.form is None:
            lines = [] if is_right else _lines(whole.data)
            yield from (Unproved(FILE, line, is_plain=False) for line in lines)
            return
        for span in text.values:
            wanted = _groups_of(span.path, self._rules)
            if wanted and (whole.is_retired or not wanted & whole.groups):
                value = text.decoded(span)
                yield Unproved(show(span.path), value, False, ((span.path, value),))
        comments = [] if is_right else comments_to_seal(text.text, text.form, self._rules)
        yield from (Unproved(COMMENT, one.text, False, one.values) for one in comments)
        placed = [] if is_right else placed_comments(text.text, text.scan, text.form)
        yield from (
            Unproved(COMMENT, one.text, False, one.uncommented, is_unsigned=True) for one in placed
        )

    def _proved_lines(self, version: bytes) -> list[str]:
        """Return the lines of *version* if it is sealed whole, by current readers of all of its groups."""
        whole = self._open(version)
        if whole is None or whole.is_retired:
            return []
        return _lines(whole.data) if whole.groups >= set(self._rules.whole_groups()) else []

    def _open(self, version: bytes) -> _Whole | None:
        """Decrypt a version that is sealed whole; None if it is not, or if a key is missing."""
        layers = layers_of(version, self._keys)
        opened = open_whole(version, whole_token(version) or "", self._keys) if layers else None
        if opened is None or opened.problems:
            return None
        is_retired = any(self._is_retired(layer.group, layer.key_id) for layer in layers)
        return _Whole(opened.data, {layer.group for layer in layers}, is_retired)


def _lines(data: bytes) -> list[str]:
    """Return the text of a file without values, and each line of it."""
    text = data.decode("utf-8", "replace")
    return [text, *filter(_LINE.match, text.split("\n"))]


def _groups_of(path: bytes, rules: FileRules) -> set[str]:
    """Return the groups that the value at *path* may be sealed to; none if it stays plain.

    A rule that seals the file whole counts only if no rule for values decides: they were sealed before it.
    """
    of_values = FileRules([rule for rule in rules.rules if rule.format != "whole"])
    groups = {of_values.group_of(path)}
    if not of_values.has_rule(path):
        groups.add(rules.group_of(path))
    return set() if None in groups else {group for group in groups if group}


def _may_hold(text: str, value: str) -> bool:
    """Return False if *value* is not in *text*, in any spelling."""
    return "\\" in text or all(word in text for word in value.split())
