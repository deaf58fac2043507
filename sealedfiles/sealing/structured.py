"""Seal the values and comments of one structured text: reuse tokens, and make new ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from sealedfiles.errors import FormatError, NoGroupError, NoKeyError, PolicyError
from sealedfiles.formats.base import Scan, Span, splice
from sealedfiles.formats.gaps import BLANKS, is_gap
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple, TypeAlias
from sealedfiles.model import paths
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import COMMENT, TOKEN, VALUE, FileKey, split
from sealedfiles.sealing.comments import Reasons, groups_of_comments, is_sealed_comment
from sealedfiles.sealing.file import File, Keys, decide_file_id, line_of
from sealedfiles.sealing.opened_tokens import OpenedToken, open_tokens, token_in
from sealedfiles.sealing.previous import Previous, Reuse
from sealedfiles.sealing.sealed_text import may_keep_tokens, stays_token
from sealedfiles.sealing.stored import NewComment, NewTokens, SealedBefore, StoredPlaintext
from sealedfiles.sealing.verification import first_lost
from sealedfiles.util.messages import shell_key, shell_path

if TYPE_CHECKING:
    from sealedfiles.sealing.comment_lines import PlacedComment

_NoteRegrouped: TypeAlias = "Callable[[bytes, str, str], None]"


def ignore_regrouped(_path: bytes, _old: str, _new: str) -> None:
    """Record nothing."""


class _New(NamedTuple):
    """A value that has no token yet."""

    start: int
    end: int
    path_tag: bytes
    literal: str


class Sealing:
    """The sealing of one structured text."""

    def __init__(
        self,
        text: str,
        scan: Scan,
        previous: Previous | None,
        file: File,
        rules: FileRules,
        keys: Keys,
        known: Sequence[Previous] = (),
        follow_rules: bool = False,
        stored: StoredPlaintext | None = None,
        note_regrouped: _NoteRegrouped = ignore_regrouped,
    ) -> None:
        assert file.format is not None  # noqa: S101 - callers have a structured file
        self.text = text
        self.scan = scan
        self.previous = previous
        self.known = known or ([previous] if previous else [])
        self.file = file
        self.format = file.format
        self.rules = rules
        self.keys = keys
        self.follow_rules = follow_rules
        self.stored = stored
        # Every opened token has the right id; without one the tokens of the texts determine it.
        self.right_id = (
            previous.opened_tokens[0].key.file_id
            if previous and previous.opened_tokens
            else decide_file_id(file, previous.text if previous else "", self._standing_tokens())
        )
        self.reuse = Reuse(previous, text)
        self.replacements: list[tuple[int, int, str]] = []
        self._new: list[_New] = []
        self._new_comments: list[tuple[int, set[str]]] = []
        self._note_regrouped = note_regrouped
        self._holds_tokens = may_keep_tokens(text, scan.values, file.format)
        self._has_own_tokens = False
        self._standing_comments: list[OpenedToken] = []
        self._sealing_keys: dict[str, FileKey] = {}
        self._unfit: int | None = None
        """The offset of a comment that is too long for its format."""

    def _standing_tokens(self) -> str:
        """Return the tokens that are values or comments of the text and may determine its file id, one per
        line.

        A token that is only part of a value does not count, nor does one that was pasted from another file.
        """
        if "sealed:v1:" not in self.text:
            return ""
        spans = [*(value[:2] for value in self.scan.values), *self.scan.comments()]
        tokens = [self.text[start:end].strip(" \"'") for start, end in spans]
        return "\n".join(one for one in tokens if TOKEN.fullmatch(one) and not self._is_pasted(one))

    def _is_pasted(self, token: str) -> bool:
        """Return True if *token* was pasted from another file. One without a key may be part of a copy."""
        parts, ids = split(token), self.file.ids
        if ids is None or self.keys.for_prefix(parts.prefix) is None:
            return False
        return ids.belongs_to_other(self.file.path, parts.file_id)

    def result(self) -> str:
        """Return the sealed text."""
        new = self._new_values(self._reuse_values())
        self._new = [value for values in new.values() for value in values]
        self._keep_standing()
        self._seal_values(new)
        self._seal_comments()
        self.replacements.sort()
        return splice(self.text, self.replacements)

    def new_tokens(self) -> NewTokens:
        """Return what ``result`` made new tokens for."""
        paths_at = {start: path for start, _, path in self.scan.values}
        values = [(paths_at[one.start], self.format.decode(one.literal)) for one in self._new]
        placed = self._placed_comments if self._new_comments else []
        comments = [NewComment(placed[index], groups) for index, groups in self._new_comments]
        return NewTokens(values, comments, set(paths_at.values()))

    @cached_property
    def _placed_comments(self) -> list[PlacedComment]:
        from sealedfiles.sealing.placed_comments import placed_comments  # few comments are new

        return placed_comments(self.text, self.scan, self.format)

    def first_lost(self, sealed: str) -> int | None:
        """Return the offset of the first literal that opening the result, *sealed*, would not give back, or
        that cannot be sealed."""
        if self._unfit is not None:
            return self._unfit
        return first_lost(
            self.text,
            self.replacements,
            sealed,
            self.file,
            self.keys,
            self.right_id,
            has_own_tokens=self._has_own_tokens,
        )

    def _reuse_values(self) -> list[Span]:
        """Reuse old tokens; return the values that have none."""
        left = self._take_tokens()
        if self.reuse.is_contested and self.previous:
            self.reuse = Reuse(self.previous, self.text)
            self.reuse.reserve_end(self.previous, self.text, self.scan)
            self.replacements.clear()
            left = self._take_tokens()
        return left

    def _take_tokens(self) -> list[Span]:
        text, rules = self.text, self.rules
        # Skip token reuse on the first seal, the largest one.
        take = self.reuse.take if self.reuse else None
        add, holds_tokens = self.replacements.append, self._holds_tokens
        left: list[Span] = []
        for value in self.scan.values:
            start, end, path = value
            literal = text[start:end]
            if holds_tokens and stays_token(literal, self.format):
                continue
            old = take(VALUE, path, literal, start) if take else None
            stop = end
            if take and old is None and literal[-1] in BLANKS:
                # Keep a token of an older version, whose literal did not include the blanks before a comment.
                shorter = literal.rstrip(BLANKS)
                if is_gap(text, start + len(shorter), end):
                    stop = start + len(shorter)
                    old = take(VALUE, path, shorter)
            if old is not None and not (self.follow_rules and old[1] != rules.group_of(path)):
                add((start, stop, old[0]))
            else:
                left.append(value)
        return left

    def _new_values(self, values: Iterable[Span]) -> dict[FileKey, list[_New]]:
        """Return those of *values* that need a new token, by the key to seal them with."""
        text, rules, stored = self.text, self.rules, self.stored
        sealed_before = self._sealed_before if self.known and not self.follow_rules else None
        find_sealed = self._find_sealed
        sealing_keys, create = self._sealing_keys, tuple.__new__
        uniform_group = rules.group_of(paths.ROOT) if rules.uniform else None
        new: dict[FileKey, list[_New]] = {}
        last_key: FileKey | None = None
        last: list[_New] = []
        for start, end, path in values:
            literal = text[start:end]
            try:
                group = uniform_group or rules.sealing_group(path)
            except PolicyError:
                if stored is None or not stored.has_value(path, literal, find_sealed):
                    raise
                continue
            before = sealed_before(path) if sealed_before else None
            if before is not None and group is not None and before != group:
                self._note_regrouped(path, before, group)
            group = group or before
            if group is None:
                continue
            if stored is not None:
                if stored.is_empty:
                    stored = None
                elif stored.has_value(path, literal, find_sealed):
                    continue
            key = sealing_keys.get(group) or self._sealing_key(group, start, path)
            if key is not last_key:
                last_key, last = key, new.setdefault(key, [])
            last.append(create(_New, (start, end, key.path_tag(path), literal)))
        return new

    def _sealed_before(self, path: bytes) -> str | None:
        """Return the group that the value at *path* was sealed to before, or None.

        A value that the policy leaves in plaintext stays with that group: only `track --plain` and `untrack`
        unseal in git.
        """
        if self.follow_rules:
            return None
        groups = (version.sealed_group(path) for version in self.known)
        return next((group for group in groups if group), None)

    def _sealing_key(self, group: str, at: int, path: bytes) -> FileKey:
        try:
            key = self.keys.sealing_key(group, self.right_id)
        except NoKeyError as error:
            place = f"{self.file.name}:{line_of(self.text, at)}"
            shown = paths.show(path)
            unread = (
                f"sealedfiles set --group {group} {shell_path(self.file.path)} {shell_key(shown)}"
            )
            raise NoKeyError(
                f"{place}: {shown} cannot be sealed: {error.message}",
                *error.hints,
                *(
                    []
                    if isinstance(error, NoGroupError)
                    else [f"to write it without reading: {unread}"]
                ),
            ) from None
        self._sealing_keys[group] = key
        return key

    def _keep_standing(self) -> None:
        """Record the occurrences of the tokens that are already in the text."""
        if self._holds_tokens:
            opened_tokens, _ = open_tokens(self.text, self.file, self.keys, self.right_id)
            self._has_own_tokens = bool(opened_tokens)
            self._standing_comments = [one for one in opened_tokens if one.kind == COMMENT]
            for one in opened_tokens:
                self.reuse.keep(one)

    def _seal_values(self, new: dict[FileKey, list[_New]]) -> None:
        write, add = self.format.write_token, self.replacements.append
        take = self.reuse.occurrences.take
        for key, values in new.items():
            if not self.reuse and len({value[2:] for value in values}) == len(values):
                contents = [(VALUE, 0, tag, literal.encode()) for _, _, tag, literal in values]
            else:
                contents = [
                    (VALUE, take((key, VALUE, tag, literal)), tag, literal.encode())
                    for _, _, tag, literal in values
                ]
            tokens = key.seal_all(contents)
            for (start, end, _, literal), token in zip(values, tokens, strict=True):
                add((start, end, write(literal, token)))

    def _seal_comments(self) -> None:
        comments = self.scan.comments()
        if not comments:
            return
        # If the policy alone decides, an earlier seal is not a reason any more.
        known = [] if self.follow_rules else self.known
        # A comment of another version keeps its own token.
        others = [Reuse(version, self.text) for version in self.known[1:]]
        texts = [self.text[start:end] for start, end in comments]
        old: list[tuple[str, str] | None] = []
        for comment in texts:
            takes = (reuse.take(COMMENT, paths.ROOT, comment) for reuse in (self.reuse, *others))
            old.append(next((one for one in takes if one), None))
        kept = [one[1] if one and not self.follow_rules else None for one in old]
        reasons = Reasons(self.format, self.rules, self._sealed(), known)
        decided = self._decide_comments(comments, reasons, kept)
        left: list[tuple[int, int, str]] = []
        for index, ((start, end), token, groups) in enumerate(
            zip(comments, old, decided, strict=True)
        ):
            comment = texts[index]
            if is_sealed_comment(comment):
                continue
            if token and (not self.follow_rules or groups == {token[1]}):
                self.replacements.append((start, end, token[0]))
            elif groups and not token and self._is_of_others(index, comment):
                continue  # anyone with push access could have written it: it is reported, and not sealed
            elif groups:
                held = self._held(groups, start)
                self._new_comments.append((index, set(held)))
                new = self._comment_token(comment, held, start)
                self.replacements.append((start, end, new))
            elif token:
                left.append((start, end, token[0]))
        if left:
            self._keep_comments(comments, left)

    def _is_of_others(self, index: int, comment: str) -> bool:
        if self.stored is None:
            return False
        return self.stored.has_comment(
            lambda: self._placed_comments[index], comment, self._find_sealed
        )

    def _find_sealed(self) -> SealedBefore:
        return self._sealed_values

    @cached_property
    def _sealed_values(self) -> SealedBefore:
        from sealedfiles.sealing.sealed_before import SealedValues  # few clones have noted anything

        versions = ((one.text, one.opened_tokens) for one in self.known)
        return SealedValues(versions, self.format)

    def _decide_comments(
        self, comments: list[tuple[int, int]], reasons: Reasons, kept: list[str | None]
    ) -> list[set[str]]:
        """Return the groups of each of *comments*.

        A comment that is a token already is read as its plaintext. Otherwise its neighbors would be read as
        other entries than before, and sealing twice would seal more.
        """
        groups = {one.start: one.key.group for one in self._standing_comments}
        if groups:
            shown = splice(self.text, self._standing_comments)
            with contextlib.suppress(FormatError):
                scan = self.format.scan(shown)
                found = scan.comments()
                if len(found) == len(comments) and len(scan.values) == len(self.scan.values):
                    held = [
                        one or groups.get(start)
                        for one, (start, _) in zip(kept, comments, strict=True)
                    ]
                    return groups_of_comments(shown, scan.values, found, reasons, held)
        return groups_of_comments(self.text, self.scan.values, comments, reasons, kept)

    def _keep_comments(
        self, comments: list[tuple[int, int]], sealed: list[tuple[int, int, str]]
    ) -> None:
        """Keep the tokens of comments whose reason is gone: the value has changed since.

        A comment whose reason is in the text, and in plaintext now, becomes plaintext as well.
        """
        values = ((path, self.text[start:end], "any") for start, end, path in self.scan.values)
        reasons = Reasons(self.format, self.rules, values, [])
        decided = groups_of_comments(self.text, self.scan.values, comments, reasons)
        reasoned = {start for (start, _), groups in zip(comments, decided, strict=True) if groups}
        self.replacements += [one for one in sealed if one[0] not in reasoned]

    def _sealed(self) -> Iterator[tuple[bytes, str | None, str]]:
        """Yield the sealed values of the text: path, literal (None if it stays a token), group."""
        sources = {start: source for start, _, source in self.replacements}
        for start, end, path in self.scan.values:
            literal = self.text[start:end]
            token = token_in(sources.get(start, literal), self.format)
            if token:
                yield path, literal if start in sources else None, split(token).group

    def _held(self, groups: set[str], at: int) -> list[str]:
        """Return those of *groups* whose keys are available, in byte order.  Raises NoKeyError if none is."""
        held = [group for group in sorted(groups) if self.keys.holds(group)]
        if not held:
            self._sealing_key(sorted(groups)[0], at, paths.ROOT)
        return held

    def _comment_token(self, comment: str, groups: list[str], at: int) -> str:
        """Seal *comment* to each of *groups*, the first innermost.

        After one that does not fit, the file is sealed whole, and no other is sealed.
        """
        if self._unfit is not None:
            return comment
        literal = comment
        for number, group in enumerate(groups, 1):
            key = self._sealing_key(group, at, paths.ROOT)
            token = self.reuse.occurrences.comment_token(
                key,
                key.path_tag(paths.ROOT),
                literal,
                self.format,
                is_outer=number == len(groups),
            )
            if token is None:
                self._unfit = at
                return comment
            literal = f" {token}"
        return literal + self.format.comment_end
