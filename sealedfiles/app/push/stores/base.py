"""What `push` and `pull` need of a store."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping

from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.model.paths import json_string
from sealedfiles.remote import exact_json


class Remote(NamedTuple):
    """What a store has now."""

    values: Mapping[str, str | None]
    """The names in it; None for a value that cannot be read, or that is not text."""
    created: frozenset[str] = frozenset()
    """Names that `push` has created for this target, according to the store."""
    digests: Mapping[str, str] = {}
    """What the store recorded of values that cannot be read (``Work.digests``)."""
    state: Any = None
    """The store's own: what it compares with when it writes."""


class Work(NamedTuple):
    """What is to be written, and deleted."""

    remote: Remote
    values: Mapping[str, str]
    """All values of the target."""
    write: tuple[str, ...]
    """The names of those that are not in the store, or differ there."""
    delete: tuple[str, ...] = ()
    """Names that `push` created, and that the target no longer has."""
    commit: str = ""
    """The commit that the values are from."""
    digests: Mapping[str, str] = {}
    """A keyed digest of each value, which shows only to readers whether it is the same."""
    force: bool = False
    """Whether values of another writer are taken over."""

    @property
    def kept(self) -> list[str]:
        """The names that `push` has created before, and that stay, sorted.

        A name that is no longer there is none of them: if it comes back, somebody else has created it.
        """
        return sorted((self.remote.created & self.remote.values.keys()) - {*self.delete})

    @property
    def created(self) -> list[str]:
        """The names that `push` has created after this, sorted.

        They are recorded after they were written, and names to delete are removed from the record before: an
        interrupted run must not leave a record of names that somebody else creates.
        """
        added = {name for name in self.write if name not in self.remote.values}
        return sorted({*self.kept, *added})

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to write, to delete, or to remove from the record."""
        return bool(self.write or self.delete or self.remote.created - self.remote.values.keys())


class Store(ABC):
    """A place for values in a service.  Each method raises RemoteError if the service refuses a request."""

    can_read = True
    """Whether the service returns values."""
    valid_name = re.compile(r"\S+")
    """What a name must match."""
    largest = 0
    """The maximum size of a value in bytes, if it is fixed; otherwise the service decides."""
    name_rule = "printable, without blanks"
    """``valid_name`` in words."""

    def check(self, values: Mapping[str, str]) -> None:
        """Raise UsageError for a name or a size that the service would refuse, before anything is written."""
        for name, value in values.items():
            if not self.valid_name.fullmatch(name):
                raise UsageError(
                    f"{json_string(name)} is not a valid name in this store",
                    f"a name must be {self.name_rule}",
                    "give the value another name in the target: names, or prefix",
                )
            if self.largest and len(value.encode()) > self.largest:
                raise UsageError(
                    f"the value of {name} is larger than {self.largest} bytes, the limit of this store"
                )

    @abstractmethod
    def read(self) -> Remote:
        """Return what the store has."""

    def rehearse(self, work: Work) -> None:
        """Have the service check *work* without a change, if it can do that."""
        del work  # most cannot

    @abstractmethod
    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """Write and delete; call *done* with each name that was."""


class ChangedMeanwhileError(RemoteError):
    """Somebody else changed the store after it was read."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} was changed by somebody else after the plan was made: nothing was written",
            "run the command again, and review its new plan",
        )


def record(names: Iterable[str], longest: int) -> list[str]:
    """Return *names* as texts of at most *longest* characters, for a store that keeps only short texts.

    A single name that is longer is left out: it is not deleted later.
    """
    texts: list[str] = []
    for name in names:
        if len(name) > longest:
            continue
        if texts and len(texts[-1]) + 1 + len(name) <= longest:
            texts[-1] += f" {name}"
        else:
            texts.append(name)
    return texts


def json_object(text: str, where: str) -> dict[str, Any]:
    """Return the JSON object in *text*, with exact numbers.  Raises RemoteError if it is something else."""
    try:
        data = exact_json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise RemoteError(
            f"{where} is not a JSON object, or has a name twice, so it cannot hold several values",
            "use another name, or one secret for each value: as: keys",
        )
    return data


def merged(data: Mapping[str, Any], work: Work) -> str:
    """Return the JSON object *data* of a store with the changes of *work*, as text."""
    new = {name: value for name, value in data.items() if name not in work.delete}
    new.update({name: work.values[name] for name in work.write})
    return exact_json.dumps(new, ensure_ascii=False)


def as_text(value: object) -> str | None:
    """Return a JSON value of a store as `push` would write it; None for a list or an object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if isinstance(value, (dict, list)) or value is None else str(value)
