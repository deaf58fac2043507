"""Declare the options of a command once, for click and for an argument parser that does not need click.

Importing click takes as long as everything else that `get` or `cat` does to print a value.  So command
modules import this module instead.  ``read`` parses ordinary arguments; everything else (``--help``,
invalid arguments, a joined ``-fFILE``) is left to click, which gets the same declaration from ``to_click``.
Tests compare the results of both parsers.
"""

from __future__ import annotations

from functools import wraps

from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import click

    Function = Callable[..., Any]

_PARAMS = "__declared__"


class Param(NamedTuple):
    """An option or an argument."""

    is_option: bool
    names: tuple[str, ...]
    """The names as for click: ``--only``, ``-o``, ``--on/--off``, and the Python name if it differs."""
    settings: dict[str, Any]
    """click's settings; instead of ``type``: ``choices``, ``is_path`` (for completion) or ``is_raw``."""

    @property
    def name(self) -> str:
        """The name of the function's parameter."""
        for name in self.names:
            if not name.startswith("-"):
                return name
        first = next((name for name in self.names if name.startswith("--")), self.names[0])
        return first.partition("/")[0].lstrip("-").replace("-", "_")

    def flags(self) -> dict[str, bool | None]:
        """Return the value that each spelling of the option sets; None if a value follows."""
        takes_value = not self.settings.get("is_flag") and all(
            "/" not in name for name in self.names
        )
        found: dict[str, bool | None] = {}
        for name in self.names:
            on, slash, off = name.partition("/")
            if on.startswith("-"):
                found[on] = None if takes_value else True
            if slash:
                found[off] = False
        return found

    def default(self) -> Any:
        """Return the value to use if the parameter is not given."""
        if self.settings.get("multiple") or self.settings.get("nargs") == -1:
            return ()
        is_flag = self.is_option and None not in self.flags().values()
        return self.settings.get("default", False if is_flag else None)

    def accepts(self, value: str) -> bool:
        """Return True if *value* is allowed."""
        return value in self.settings.get("choices", (value,))

    def to_click(self) -> click.Parameter:
        """Return the parameter for click."""
        import click

        settings = dict(self.settings)
        choices = settings.pop("choices", None)
        if choices:
            settings["type"] = click.Choice(choices)
        elif settings.pop("is_path", False):
            settings["type"] = click.Path()
        elif settings.pop("is_raw", False):
            settings["type"] = click.UNPROCESSED
        if not self.is_option:
            return click.Argument([*self.names], **settings)
        from sealedfiles.cli.groups import HelpfulOption

        return HelpfulOption([*self.names], **settings)


class Command:
    """A declared command."""

    def __init__(self, name: str, function: Function, settings: dict[str, Any]) -> None:
        self.name = name
        self.function = function
        self.params: list[Param] = list(reversed(getattr(function, _PARAMS, ())))
        self.settings = settings

    def to_click(self) -> click.Command:
        """Return the command for click."""
        import click

        params = [param.to_click() for param in self.params]
        declare: Callable[[Function], click.Command] = click.command(
            self.name, params=params, **self.settings
        )
        return declare(self.function)

    def read(self, args: list[str]) -> dict[str, Any] | None:
        """Return the function's parameters for *args*; None if click must parse them."""
        options = {
            name: (param, value)
            for param in self.params
            if param.is_option
            for name, value in param.flags().items()
        }
        given = {param.name: param.default() for param in self.params}
        words: list[str] = []
        rest = list(args)
        mixed = self.settings.get("context_settings", {}).get("allow_interspersed_args", True)
        while rest:
            word = rest.pop(0)
            if word == "--":
                words += rest
                break
            if not word.startswith("-") or word == "-":
                words.append(word)
                if not mixed:
                    words += rest
                    break
                continue
            name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
            if name not in options:
                return None
            param, flag = options[name]
            if flag is not None:
                if equals:
                    return None
                given[param.name] = flag
                continue
            if not equals:
                if not rest or rest[0] == "--help":
                    return None
                value = rest.pop(0)
            if not param.accepts(value):
                return None
            many = param.settings.get("multiple")
            given[param.name] = (*given[param.name], value) if many else value
        return given if self._take(words, given) and self._is_complete(given) else None

    def _take(self, words: list[str], given: dict[str, Any]) -> bool:
        """Assign *words* to the arguments in *given*; return False if they do not fit."""
        for param in (one for one in self.params if not one.is_option):
            if param.settings.get("nargs") == -1:
                taken, words = words, []
                given[param.name] = tuple(taken)
            else:
                taken, words = words[:1], words[1:]
                given[param.name] = taken[0] if taken else given[param.name]
            if not all(map(param.accepts, taken)):
                return False
        return not words

    def _is_complete(self, given: dict[str, Any]) -> bool:
        needed = (
            param
            for param in self.params
            if param.settings.get("required", not param.is_option and "nargs" not in param.settings)
        )
        return all(given[param.name] not in (None, ()) for param in needed)


class Group:
    """A declared command with subcommands."""

    def __init__(self, name: str, function: Function) -> None:
        self.name = name
        self.function = function
        self.commands: list[Command] = []

    def command(self, name: str, **settings: Any) -> Callable[[Function], Command]:
        """Return the decorator that declares a subcommand."""

        def declare(function: Function) -> Command:
            self.commands.append(command(name, **settings)(function))
            return self.commands[-1]

        return declare

    def find(self, name: str) -> Command | None:
        """Return the subcommand *name*, or None."""
        return next((one for one in self.commands if one.name == name), None)

    def to_click(self) -> click.Group:
        """Return the group for click."""
        from sealedfiles.cli.groups import CommandGroup

        group = CommandGroup(self.name, help=self.function.__doc__)
        for one in self.commands:
            group.add_command(one.to_click())
        return group


def command(name: str, **settings: Any) -> Callable[[Function], Command]:
    """Return the decorator that declares a function as the command *name*, like click's."""
    return lambda function: Command(name, function, settings)


def group(name: str) -> Callable[[Function], Group]:
    """Return the decorator that declares the group *name*, like click's."""
    return lambda function: Group(name, function)


def option(*names: str, **settings: Any) -> Callable[[Function], Function]:
    """Return the decorator that declares an option, like click's."""
    return _noting(Param(is_option=True, names=names, settings=settings))


def argument(*names: str, **settings: Any) -> Callable[[Function], Function]:
    """Return the decorator that declares an argument, like click's."""
    return _noting(Param(is_option=False, names=names, settings=settings))


def collected(
    name: str, kind: type[Any], *options: Callable[[Function], Function]
) -> Callable[[Function], Function]:
    """Return the decorator that declares *options*, and passes their values together as *name*.

    *kind* is a named tuple with a field for each of them.
    """

    def decorate(function: Function) -> Function:
        @wraps(function)
        def call(**given: Any) -> Any:
            return function(**{name: kind(*map(given.pop, kind._fields))}, **given)

        for option in reversed(options):
            option(call)
        return call

    return decorate


def _noting(param: Param) -> Callable[[Function], Function]:
    def note(function: Function) -> Function:
        # Decorators run in reverse order; Command restores it.
        setattr(function, _PARAMS, [*getattr(function, _PARAMS, ()), param])
        return function

    return note
