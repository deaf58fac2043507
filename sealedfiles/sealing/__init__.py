"""Seal and open whole files: the same code for every format.

``seal_file`` is the work of clean and of `seal`, ``open_file`` that of smudge, `cat` and `unseal`. Both take
and return bytes, and use neither git nor the disk. ``seal_file`` is in ``sealing.seal``: a process that only
opens files starts faster without it.
"""

from __future__ import annotations

from sealedfiles.sealing.file import File, Opened, Problem, describe_file
from sealedfiles.sealing.open import open_file

__all__ = ["File", "Opened", "Problem", "describe_file", "open_file"]
