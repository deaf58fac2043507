"""SOPS (https://getsops.io): values in YAML, JSON and .env files, and other files as a whole."""

from __future__ import annotations

import re

from sealedfiles import age
from sealedfiles.app.migrate.programs import gpg_names, is_installed, run_program
from sealedfiles.app.migrate.source import (
    Access,
    Found,
    FoundFile,
    Plaintext,
    Reader,
    Removal,
    Source,
)
from sealedfiles.app.migrate.spellings import notes_on_spellings
from sealedfiles.app.migrate.tree import Tree
from sealedfiles.app.sops.metadata import Metadata, form_of, read_metadata
from sealedfiles.app.sops.reading import read, selected_values
from sealedfiles.app.sops.selection import file_pattern, rules_for
from sealedfiles.app.sops.tokens import KEY_SIZE
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.errors import FormatError, NoKeyError, SealedFilesError, TamperedError
from sealedfiles.formats import load_editor
from sealedfiles.formats.base import Data
from sealedfiles.keys.recipients import describe_key, propose_name
from sealedfiles.model.paths import last_key
from sealedfiles.model.wildmatch import FilePattern
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.other_tools import may_be_of_sops
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import Note

_CONFIG = b".sops.yaml"
_BY_VALUE = ("yaml", "json", "dotenv")
_NAMED = lazy_pattern(
    r"&([A-Za-z0-9_.-]+)\s+[\"']?([A-Za-z0-9: /+=._-]+?)[\"']?\s*(?:#.*)?$", re.MULTILINE
)
"""An anchor in .sops.yaml, by which people name a key."""
_COMMENTED = lazy_pattern(r"(age1[a-z0-9]+)[\"',]*\s*#\s*([A-Za-z0-9_.-]+)\s*$", re.MULTILINE)


class Sops(Source):
    """The files of SOPS."""

    name = "sops"

    def __init__(self, tree: Tree, access: Access) -> None:
        super().__init__(tree, access)
        self._keys: dict[bytes, bytes] = {}
        """The data keys by their first encrypted form: equal files may be many."""

    @staticmethod
    def recognizes(tree: Tree, path: bytes, data: bytes) -> bool:  # noqa: ARG004 - as for other tools
        """See Source."""
        if not may_be_of_sops(data):
            return False
        form = form_of(path)
        if form == "ini":
            return b"\n[sops]" in data or data.startswith(b"[sops]")
        try:
            return bool(read_metadata(data.decode("utf-8"), form).mac)
        except (SealedFilesError, ValueError):
            return form == "yaml" and b"\nsops:" in data  # only SOPS may read it

    def find(self, stored: list[bytes]) -> Found:
        """See Source."""
        configs = [path for path in self.tree.files if path.rpartition(b"/")[2] == _CONFIG]
        notes = [Note(f"{show_path(path)} is removed") for path in configs if path != _CONFIG]
        patterns = self._patterns(stored, notes)
        return Found(
            [FoundFile(path, path) for path in stored],
            list(self._readers(stored)),
            Removal(tuple(configs)),
            tuple(patterns),
            tuple(notes),
        )

    def decrypt(self, file: FoundFile) -> Plaintext:
        """See Source."""
        name, form = show_path(file.stored), form_of(file.stored)
        data = self.tree.need(file.stored)
        output: bytes | str | None = None
        text = data.decode("utf-8", "surrogateescape")
        try:
            metadata = read_metadata(text, form)
            plain = read(text, form, metadata, self._data_key(metadata))
            if not metadata.others:  # sops would call services that the file names
                output = self._output_of_sops(file.stored, data, form)
        except (FormatError, NoKeyError) as error:
            output = self._output_of_sops(file.stored, data, form)
            if isinstance(output, bytes):
                note = Note(f"{name} was decrypted by sops, not natively: {error.message}")
                rules, notes = self._rules(name, form, text)
                return Plaintext(
                    output,
                    rules,
                    form in _BY_VALUE,
                    is_confirmed=True,
                    notes=(note,),
                    rule_notes=notes,
                )
            kind = NoKeyError if isinstance(error, NoKeyError) else TamperedError
            raise kind(f"{name}: {error.message}", *error.hints, *_hints(output)) from None
        except TamperedError as error:
            raise TamperedError(f"{name}: {error.message}") from None
        rules, notes = self._rules(name, form, text)
        is_same = isinstance(output, bytes) and _is_same(output, plain, form)
        spelled = _notes_on_quoted(name, text, plain) if form == "dotenv" else ()
        return Plaintext(plain, rules, form in _BY_VALUE, is_same, spelled, rule_notes=notes)

    def _rules(
        self, name: str, form: str, text: str
    ) -> tuple[tuple[NewRule, ...], tuple[Note, ...]]:
        if form in ("binary", "ini"):
            return (), ()
        try:
            metadata = read_metadata(text, form)
            rules, is_translated = rules_for(metadata.selector, selected_values(text, form))
        except FormatError as error:
            what = f"{name} is sealed completely, also values that SOPS leaves in plaintext"
            return (), (Note(f"{what}: {error.message}"),)
        if is_translated:
            return rules, ()
        kind, value = metadata.selector
        hint = "new keys of the file are sealed, whatever they are named"
        what = f"{name}: {kind} {value} of SOPS has no equal rule, so its values in plaintext are listed"
        return rules, (Note(what, (hint,)),)

    def _data_key(self, metadata: Metadata) -> bytes:
        """Return the data key.  Raises NoKeyError, and FormatError if the key is for SOPS only."""
        if metadata.is_shared:
            raise FormatError("its key is split among groups of keys")
        if not metadata.age:
            raise NoKeyError("it is not encrypted to age keys")
        first = metadata.age[0].encrypted
        if first in self._keys:
            return self._keys[first]
        last: age.AgeError | None = None
        for one in metadata.age:
            try:
                key = age.decrypt(one.encrypted, self.access.identities)
            except age.AgeError as error:
                last = error
                continue
            if len(key) != KEY_SIZE:
                raise FormatError("its key is split among groups of keys")
            self._keys[first] = key
            return key
        raise self.access.identities.no_key(
            f"no identity decrypts its key ({last.message if last else 'no recipients'})",
            "give the file with your age key: --identity FILE",
        )

    def _output_of_sops(self, path: bytes, data: bytes, form: str) -> bytes | str | None:
        """Return what sops decrypts *data* to, its error message, or None if it is not installed."""
        if not is_installed("sops"):
            return None
        name = path.decode("utf-8", "surrogateescape")
        types = ("--input-type", form, "--output-type", form)
        output = run_program(
            "sops", "decrypt", "--filename-override", name, *types, folder=self.tree.top, stdin=data
        )
        if output is None:
            return None
        return output.message or "sops failed" if output.status else output.data

    def _patterns(self, stored: list[bytes], notes: list[Note]) -> list[str]:
        """Return the patterns of files in the top .sops.yaml; add *notes* on those without an equal one."""
        data = self._config()
        rules = data.get("creation_rules") if isinstance(data, dict) else None
        found = []
        for rule in rules if isinstance(rules, list) else []:
            regex = rule.get("path_regex") if isinstance(rule, dict) else None
            pattern = file_pattern(regex) if isinstance(regex, str) else None
            if pattern and isinstance(regex, str) and _is_equal(pattern, regex, stored):
                found.append(pattern)
            else:
                what = f"path_regex {regex}" if regex else "without path_regex"
                hint = "files that are added later are not sealed by it: sealedfiles track PATTERN"
                notes.append(Note(f"the rule {what} of .sops.yaml has no equal pattern", (hint,)))
        return found

    def _config(self) -> Data:
        data = self.tree.read(_CONFIG)
        try:
            return load_editor("yaml").load(data.decode("utf-8")) if data else None
        except (SealedFilesError, ValueError):
            return None

    def _readers(self, stored: list[bytes]) -> list[Reader]:
        age_keys: dict[str, set[bytes]] = {}
        others: dict[tuple[str, str], set[bytes]] = {}
        for path in stored:
            try:
                metadata = read_metadata(self.tree.need(path).decode("utf-8"), form_of(path))
            except (SealedFilesError, ValueError):
                continue
            for one in metadata.age:
                age_keys.setdefault(one.recipient.strip(), set()).add(path)
            for other in metadata.others:
                others.setdefault(other, set()).add(path)
        names = self._names()
        gpg = gpg_names([value for kind, value in others if kind == "pgp"], self.tree.top)
        readers = [_age_reader(key, names.get(key), paths) for key, paths in age_keys.items()]
        for (kind, value), paths in others.items():
            shown = f"GPG key {value}" if kind == "pgp" else kind
            readers.append(
                Reader(gpg.get(value, names.get(value, value)), "", shown, frozenset(paths))
            )
        return readers

    def _names(self) -> dict[str, str]:
        """Return the names of keys in .sops.yaml: those of anchors, and of comments behind them."""
        text = (self.tree.read(_CONFIG) or b"").decode("utf-8", "replace")
        found = {key.strip(): name for name, key in _NAMED.findall(text)}
        found.update((key, name) for key, name in _COMMENTED.findall(text) if key not in found)
        return found


def _is_equal(pattern: str, regex: str, stored: list[bytes]) -> bool:
    """Return True if *pattern* matches all of *stored* that *regex*, which has one, matches."""
    compiled = FilePattern(pattern)
    names = [path.decode("utf-8", "surrogateescape") for path in stored]
    return all(compiled.matches(name) for name in names if re.search(regex, name))


def _age_reader(key: str, name: str | None, paths: set[bytes]) -> Reader:
    try:
        recipient = age.parse_recipient(key)
    except age.AgeError as error:
        return Reader(name or key, "", f"not usable: {error.message}", frozenset(paths))
    shown = describe_key(recipient)
    proposed = propose_name(name or _comment_of(key) or f"age-{shown[:8]}")
    return Reader(proposed, key, f"{recipient.kind} {shown}", frozenset(paths))


def _comment_of(key: str) -> str:
    """Return the comment of an SSH key, without its host."""
    words = key.split(" ")
    return words[2].partition("@")[0] if len(words) > 2 else ""


def _hints(output: bytes | str | None) -> tuple[str, ...]:
    return ("install sops, which may read it",) if output is None else (f"sops: {output!s}",)


def _notes_on_quoted(name: str, stored: str, plain: bytes) -> tuple[Note, ...]:
    """Return notes on values of a .env file that SOPS writes without the quotes that they have now."""
    try:
        keys = {last_key(path) or "" for path in selected_values(stored, "dotenv").encrypted}
        return notes_on_spellings(name, plain.decode("utf-8"), keys, only_quoted=True)
    except (SealedFilesError, ValueError):
        return ()


def _is_same(one: bytes, other: bytes, form: str) -> bool:
    """Return True if two texts have the same values."""
    if one == other:
        return True
    if form not in _BY_VALUE:
        return False
    try:
        editor = load_editor(form)
        if form == "dotenv":
            lines = [line.partition("=") for line in one.decode("utf-8").split("\n")]
            values = {name: value.replace("\\n", "\n") for name, sign, value in lines if sign}
            return values == editor.load(other.decode("utf-8"))
        return editor.load(one.decode("utf-8")) == editor.load(other.decode("utf-8"))
    except (SealedFilesError, ValueError):
        return False


SOURCE = Sops
