"""Whether this installation can do ML-KEM: the one place that knows how it shows when it cannot."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import UnsupportedKeyError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def mlkem_required() -> Iterator[None]:
    """Turn what an old ``cryptography``, or one on an OpenSSL without ML-KEM, raises inside this
    block into UnsupportedKeyError."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        yield
    except (ImportError, AttributeError, UnsupportedAlgorithm):
        raise UnsupportedKeyError(
            "the installed cryptography package does not know this kind of key (HPKE, ML-KEM)",
            "install cryptography 48 or newer from PyPI; one that a system brings may be linked to"
            " an OpenSSL older than 3.5",
        ) from None
