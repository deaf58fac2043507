"""Resolve the secret references among variables, for `run`, `cat --format` and ``load_env``."""

from __future__ import annotations

from sealedfiles.app.resolving.find import Found, Value, find
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sealedfiles.app.files.environment import Variable
    from sealedfiles.app.resolving.resolver import Resolver
    from sealedfiles.app.run.variables import VariableFile


class Resolved(NamedTuple):
    """Variables after their references were resolved."""

    variables: dict[str, Variable]
    secrets: list[str]
    """The values that came from stores."""
    found: list[Found]


def resolve_variables(
    sources: Sequence[VariableFile],
    chosen: Mapping[str, Variable],
    resolver: Resolver,
    *,
    unused: Collection[str] = (),
    complete: bool = False,
) -> Resolved:
    """Resolve the references among *chosen*, variables of *sources*, except for the names *unused*.

    Everything is checked before the first request.  With *complete*, a reference that would stay as it is
    raises UsageError.  Raises as ``find`` and ``Resolver.resolve``.
    """
    names = {id(variable): name for name, variable in chosen.items() if name not in unused}
    files = []
    for source in sources:
        mine = [variable for variable in source.variables if id(variable) in names]
        files.append(find(source.place, [Value(v.address, v.path, v.value) for v in mine]))
    if complete:
        for found in files:
            found.require_all()
    variables, secrets = dict(chosen), []
    for source, found in zip(sources, files, strict=True):
        values = resolver.resolve(found)
        for variable in source.variables:
            if id(variable) in names and variable.address in values:
                value = values[variable.address]
                variables[names[id(variable)]] = variable._replace(value=value)
                secrets.append(value)
    return Resolved(variables, secrets, files)


def with_references_inside(
    before: Mapping[str, Variable], after: Mapping[str, Variable]
) -> list[str]:
    """Return the variables in which ``${NAME}`` has inserted a reference: its text, which is not resolved."""
    texts = {before[name].value for name in before if before[name].value != after[name].value}
    return sorted(
        name
        for name, one in after.items()
        if any(text in before[name].value for text in texts) and one.value == before[name].value
    )
