"""Detect whether this installation supports ML-KEM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import UnsupportedKeyError


@contextmanager
def mlkem_required() -> Iterator[None]:
    """Raise UnsupportedKeyError in place of the error that ``cryptography`` raises inside this block if
    it is too old, or its OpenSSL has no ML-KEM."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        yield
    except (ImportError, AttributeError, UnsupportedAlgorithm):
        raise UnsupportedKeyError(
            "the installed cryptography package does not support this kind of key (HPKE, ML-KEM)",
            "install cryptography 48 or newer from PyPI; a package of the operating system may be"
            " linked to an OpenSSL older than 3.5",
        ) from None
