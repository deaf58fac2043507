"""Resolve secret references for `run` and `cat`, and report those that are not resolved."""

from __future__ import annotations

from sealedfiles.app.resolving.data import resolved_data, resolved_text
from sealedfiles.app.resolving.leases import Leases, leases_of_command
from sealedfiles.app.resolving.resolver import Resolver
from sealedfiles.app.resolving.variables import resolve_variables, with_references_inside
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.secret_reference import scheme_of
from sealedfiles.util.messages import counted, warn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from contextlib import ExitStack

    from sealedfiles.app.files.environment import Variable
    from sealedfiles.app.files.working_file import WorkingFile
    from sealedfiles.app.resolving.find import Found
    from sealedfiles.app.resolving.secret import Lease
    from sealedfiles.app.run.variables import VariableFile
    from sealedfiles.formats.base import Data


def resolve_in(
    stack: ExitStack,
    sources: Sequence[VariableFile],
    chosen: Mapping[str, Variable],
    unused: Collection[str],
) -> tuple[dict[str, Variable], list[str], Leases]:
    """Resolve the references among *chosen*, except for the names *unused*, for a command that runs then.

    Returns the variables, the secrets from stores, and the leases, which are revoked when *stack* ends.
    Raises as ``resolve_variables``.
    """
    leases = stack.enter_context(leases_of_command(TERMINAL))
    variables, secrets = _resolved(sources, chosen, Resolver(leases.hold), unused)
    return variables, secrets, leases


class Resolving:
    """Resolves references for `cat`, with the same secrets for all of its files."""

    def __init__(self) -> None:
        self._resolver = Resolver(_warn_of_lease)

    def text(self, place: WorkingFile) -> bytes:
        """Return the plaintext of *place* with its references resolved."""
        text, found = resolved_text(place, self._resolver)
        _report_unresolved([found])
        return text

    def data(self, place: WorkingFile, data: Data) -> Data:
        """Return *data*, the loaded content of *place*, with its references resolved."""
        data, found = resolved_data(place, data, self._resolver)
        _report_unresolved([found])
        return data

    def variables(
        self, sources: Sequence[VariableFile], chosen: Mapping[str, Variable]
    ) -> tuple[dict[str, Variable], list[str]]:
        """Return *chosen* with its references resolved, and the secrets that came from stores."""
        return _resolved(sources, chosen, self._resolver)


def _resolved(
    sources: Sequence[VariableFile],
    chosen: Mapping[str, Variable],
    resolver: Resolver,
    unused: Collection[str] = (),
) -> tuple[dict[str, Variable], list[str]]:
    resolved = resolve_variables(sources, chosen, resolver, unused=unused)
    _report_unresolved(resolved.found)
    for name in with_references_inside(chosen, resolved.variables):
        warn(f"{name}: contains the text of a secret reference: ${{NAME}} does not resolve it")
    return resolved.variables, resolved.secrets


def warn_of_offline(chosen: Mapping[str, Variable]) -> None:
    """Warn that *chosen* has references that are not resolved, because the user wants no request."""
    count = sum(scheme_of(variable.value) is not None for variable in chosen.values())
    if count:
        warn(f"{counted(count, 'secret reference')} not resolved", "resolve: without --offline")


def _report_unresolved(files: Iterable[Found]) -> None:
    """Warn of the references in *files* whose values are still their texts."""
    for found in files:
        if found.unresolved:
            count = counted(found.unresolved, "secret reference")
            warn(f"{found.name}: {count} not resolved", found.hint)


def _warn_of_lease(lease: Lease) -> None:
    """Warn that nothing renews or revokes *lease* after a command that only prints."""
    warn(
        f"the lease {lease.identity} ends in {lease.seconds:.0f} seconds, and nothing renews it",
        f"revoke it after use: bao lease revoke {lease.identity} (or: vault lease revoke …)",
        "sealedfiles run renews and revokes the leases of its command",
    )
