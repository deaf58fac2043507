"""Sealing and opening whole documents: the same code for every format.

``open_file`` is what smudge, ``cat`` and ``unseal`` do, ``seal_file`` what clean and ``seal`` do.  Both
take and give bytes, and neither knows of git.
"""

from __future__ import annotations

from sealedfiles.sealing.file import File, Opened, Problem, describe_file
from sealedfiles.sealing.open import open_file
from sealedfiles.sealing.seal import seal_file

__all__ = ["File", "Opened", "Problem", "describe_file", "open_file", "seal_file"]
