"""Find the secret references of a file that may be resolved.

Anyone with push access can write a reference in plaintext, and so have a secret of the caller's set as any
variable.  So a reference counts only if the policy in force allows its scheme, and if it is a sealed value,
written at its own key path by a reader.
"""

from __future__ import annotations

from contextlib import suppress

from sealedfiles.app.files.environment import scalars
from sealedfiles.app.files.reference import rules_for
from sealedfiles.app.files.references import has_documents
from sealedfiles.errors import PolicyError, TamperedError, UsageError
from sealedfiles.formats.base import Data
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.secret_reference import SecretReference, parse_reference, scheme_of
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.util.messages import counted, shell_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.app.files.working_file import WorkingFile
    from sealedfiles.app.workspace import Workspace


class Value(NamedTuple):
    """A value of a file."""

    address: Address
    path: bytes
    """Its encoded key path."""
    text: str


class Found(NamedTuple):
    """The references in one file."""

    name: str
    """The path of the file, for messages."""
    references: dict[Address, SecretReference]
    """Those to resolve."""
    unresolved: int = 0
    """The number of values that look like references, and stay as they are."""
    hint: str = ""
    """What to do so that they are resolved."""

    def require_all(self) -> None:
        """Raise UsageError if a reference would stay as it is."""
        if self.unresolved:
            count = counted(self.unresolved, "secret reference")
            raise UsageError(f"{self.name}: {count} not resolved", self.hint)

    def place(self, address: Address) -> str:
        """Return the file and the key path of a reference, for a message."""
        return f"{self.name}: {show_address(address)}"


def find(place: WorkingFile, values: Iterable[Value]) -> Found:
    """Return the references among *values*, which are values of *place*.

    The caller has refused values that a reader may not have sealed (``provenance``), unless the user allowed
    them; then no reference is resolved.  Raises TamperedError for a reference with an allowed scheme that is
    not a sealed value, UsageError for one that is invalid.
    """
    values = [value for value in values if scheme_of(value.text)]
    rules = rules_for(place) if values else None
    if rules is None or not rules.whole_groups():
        # The policy leaves the whole file in plaintext, so nobody expects a secret in it.
        return Found(place.name, {})
    workspace = place.workspace
    schemes = workspace.allowed_schemes
    allowed = [value for value in values if scheme_of(value.text) in schemes]
    if workspace.allow_plaintext or workspace.allow_retired:
        hint = "they are resolved only without --allow-plaintext and --allow-retired"
        return Found(place.name, {}, len(values), hint)
    version = SealedText(place.opened.data, place.described)
    sealed = {
        (path, text) for path, text in version.decoded_values() if rules.group_of(path) is not None
    }
    found = {}
    for value in allowed:
        if (value.path, value.text) not in sealed:
            raise _refusal(place, value)
        try:
            found[value.address] = parse_reference(value.text)
        except ValueError as error:
            raise UsageError(
                f"{place.name}: {show_address(value.address)}: the reference is invalid: {error}",
                "write other characters in a name as %2F and the like",
            ) from None
    return Found(place.name, found, len(values) - len(allowed), _hint(workspace))


def find_in_data(place: WorkingFile, data: Data) -> Found:
    """Return the references in *data*, the loaded content of *place*.  Raises as ``find``."""
    texts = [(address, text) for address, text in scalars(data) if isinstance(text, str)]
    texts = [(address, text) for address, text in texts if text.startswith("ref+")]
    if not texts:
        return Found(place.name, {})
    skipped = 1 if has_documents(place, place.text()[1], data) else 0
    form = place.described.format
    assert form is not None  # noqa: S101 - it has values
    return find(place, [Value(one, form.path_of(one[skipped:]), text) for one, text in texts])


def _hint(workspace: Workspace) -> str:
    """Return what to do about a scheme that the policy in force does not allow."""
    clone = workspace.clone
    with suppress(PolicyError):
        if clone and clone.policy_in_force.get().disputed is not None:
            return "if .sealedfiles/policy.yaml allows their schemes, confirm it: sealedfiles trust policy"
    return "to allow their schemes: resolve: [SCHEME, ...] in .sealedfiles/policy.yaml"


def _refusal(place: WorkingFile, value: Value) -> TamperedError:
    return TamperedError(
        f"{place.name}: {show_address(value.address)}: is a secret reference "
        f"({scheme_of(value.text)}) that is not sealed at this key path, so it is not resolved",
        f"find who wrote it: git log -p -- {shell_path(place.path)}",
        "if it is correct, let the policy seal it, and write it at this key path without ${NAME} or an alias",
        "to use its text: --allow-plaintext",
    )
