"""Run as a program: do one work on big texts and print by how many bytes it raised peak memory.

    python peak_memory.py WORK TEXT [SEALED]

The base is the peak of this same interpreter when everything is imported and no text is read.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import product


def peak() -> int:
    """Return the most memory, in bytes, that this process has held so far.

    Linux's ``ru_maxrss`` would start at the parent's peak, which exec hands on: there the kernel's
    own mark is read.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def main() -> None:
    """Do the work named on the command line."""
    work, *files = sys.argv[1:]
    product.warm_up()
    base = peak()
    product.WORKS[work](*(Path(file).read_bytes() for file in files))
    print(peak() - base)


if __name__ == "__main__":
    main()
