"""The parts of ``typing`` that modules need when they run, without importing it.

On the way to the first file that git wants filtered, importing ``typing`` and making its named tuples takes
longer than Python's own start.  Type checkers see the originals.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import IO as IO
    from typing import Any as Any
    from typing import BinaryIO as BinaryIO
    from typing import ClassVar as ClassVar
    from typing import Final as Final
    from typing import Generic as Generic
    from typing import NamedTuple as NamedTuple
    from typing import NoReturn as NoReturn
    from typing import Protocol as Protocol
    from typing import TypeAlias as TypeAlias
    from typing import TypeVar as TypeVar
    from typing import cast as cast
else:
    from collections import namedtuple

    class _MakesNamedTuples(type):
        """The type of ``NamedTuple``: makes a named tuple of the annotations in the body of a subclass."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body.get("__annotations__", ())
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            for attribute, value in body.items():
                setattr(made, attribute, value)
            return made

    class NamedTuple(metaclass=_MakesNamedTuples):
        """See ``typing.NamedTuple``."""

    # Only in annotations, which are not evaluated.
    IO = Any = BinaryIO = ClassVar = Final = NoReturn = TypeAlias = object
    Protocol = object
    TypeVar = str

    class Generic:
        """See ``typing.Generic``."""

        def __class_getitem__(cls, _parameters):
            return cls

    def cast(_kind, value):
        """Return *value*."""
        return value
