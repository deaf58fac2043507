"""The named tuples of ``light_typing`` are those of ``typing``, and ``typing`` is not needed for them."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from sealedfiles import light_typing

PACKAGE = Path(__file__).parents[1] / "sealedfiles"


class Original(typing.NamedTuple):
    """A place."""

    line: int
    """Counted from 1."""
    name: str = "x"
    marks: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return self.line * 2

    @classmethod
    def first(cls) -> Original:
        return cls(1)

    def __str__(self) -> str:
        return f"line {self.line}"


class Light(light_typing.NamedTuple):
    """A place."""

    line: int
    """Counted from 1."""
    name: str = "x"
    marks: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return self.line * 2

    @classmethod
    def first(cls) -> Light:
        return cls(1)

    def __str__(self) -> str:
        return f"line {self.line}"


def test_a_named_tuple_is_what_typing_makes_of_the_same_class() -> None:
    names = set(dir(Light)) | set(dir(Original))
    assert names - set(dir(Light)) <= {"__orig_bases__"}
    assert type(Light) is type
    assert Light.__bases__ == (tuple,)
    assert Light._fields == Original._fields
    assert Light._field_defaults == Original._field_defaults
    assert Light.__doc__ == Original.__doc__
    assert Light.__module__ == __name__
    assert Light.__qualname__ == "Light"
    assert str(inspect.signature(Light)) == "(line, name='x', marks=())"
    assert typing.get_type_hints(Light) == typing.get_type_hints(Original)


def test_its_values_are_tuples_with_names_and_methods() -> None:
    one = Light(3, marks=(1,))
    assert tuple(one) == (3, "x", (1,))
    assert (one.line, one.twice, str(one), Light.first()) == (3, 6, "line 3", (1, "x", ()))
    assert repr(one) == repr(Original(3, marks=(1,))).replace("Original", "Light")
    assert one._replace(name="y")._asdict() == {"line": 3, "name": "y", "marks": (1,)}
    assert pickle.loads(pickle.dumps(one)) == one
    assert not hasattr(one, "__dict__")
    with pytest.raises(TypeError):
        Light()  # type: ignore[call-arg]


def test_a_generic_class_works_with_and_without_its_type() -> None:
    T = light_typing.TypeVar("T")

    class Box(light_typing.Generic[T]):
        def __init__(self, content: T) -> None:
            self.content = content

    assert Box(1).content == Box[int](1).content == 1


def test_it_does_not_import_typing() -> None:
    script = "import sys, sealedfiles.light_typing\nsys.exit('typing' in sys.modules)"
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); {script}",
    ]
    assert subprocess.run(command, check=False).returncode == 0


def test_typing_is_imported_for_type_checkers_only() -> None:
    """Except in the interface for Python programs, whose types may be looked at."""
    expected = {"api.py"}
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(
            line.startswith(("from typing ", "import typing"))
            for line in path.read_text("utf-8").split("\n")
        )
    }
    assert found == expected
