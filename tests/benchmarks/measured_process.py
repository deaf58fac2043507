"""Run as a program: run a command, and print its wall time and CPU time, its peak memory in bytes, and its
exit status.

    python measured_process.py COMMAND [ARGUMENT]…

The kernel counts the peak memory of a process from before its exec, when it still was a copy of the process
that started it.  So the command is started by this small program, not by the benchmark, which may be large.
The processes that the command waits for count too; the largest one decides.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time


def main() -> None:
    """Run the command; its stdout is dropped."""
    started = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    cpu = usage.ru_utime + usage.ru_stime
    print(seconds, cpu, usage.ru_maxrss * unit, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
