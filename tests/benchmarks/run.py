"""Measure the performance budgets of sealedfiles and print them as a table of ratios.

    python tests/benchmarks/run.py [--only PART]… [--quick] [--disk FOLDER] [--sops PROGRAM]…

The package that this Python has installed is measured.  Every candidate takes its turn in every
repeat; figures are "median (minimum)", ratios are of medians.  Between machines compare ratios,
never seconds.  Nothing is written outside temporary folders in the given ones.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import big_yaml
import filter_process
import git_commands
import growth
import one_file
import one_value
import scan_history
from options import Options
from peers import missing
from report import HEADINGS, RULER, machine, table_line
from samples import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from report import Row

PARTS: dict[str, Callable[[Options], Iterator[Row]]] = {
    "git": git_commands.against_peers,
    "filter": filter_process.one_file,
    "get": one_value.get,
    "run": one_value.run,
    "file": one_file.small_file,
    "many": one_file.many_files,
    "yaml": big_yaml.against_event_loop,
    "memory": big_yaml.memory,
    "large": big_yaml.against_sops,
    "scan": scan_history.against_scanners,
    "growth": growth.growth,
}


def main() -> None:
    """Run the parts that were asked for, one after the other."""
    arguments = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="sealedfiles-", dir=arguments.memory) as memory,
        tempfile.TemporaryDirectory(prefix="sealedfiles-", dir=arguments.disk) as disk,
    ):
        options = Options(
            repeats=arguments.repeats or (3 if arguments.quick else 7),
            files=100 if arguments.quick else 1000,
            quick=arguments.quick,
            style=arguments.style,
            memory=Path(memory),
            disk=Path(disk),
            dotenvx=arguments.dotenvx,
            sops=arguments.sops,
            age=arguments.age,
        )
        print(f"{machine()}; {options.repeats} repeats", file=sys.stderr)
        for peer in [*missing(options), *scan_history.missing()]:
            print(f"not installed, not measured: {peer}", file=sys.stderr)
        print(table_line(HEADINGS), table_line(RULER), sep="\n")
        for name in arguments.only or PARTS:
            for row in PARTS[name](options):
                print(table_line(row.cells()), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", action="append", choices=PARTS, help="measure only this part")
    parser.add_argument("--repeats", type=int, help="how often each candidate runs (default 7)")
    parser.add_argument("--quick", action="store_true", help="fewer files and repeats: a trial run")
    parser.add_argument("--style", choices=SUFFIXES, default="yaml", help="of the small files")
    parser.add_argument(
        "--memory", default=_in_memory(), help="a folder in memory (default %(default)s)"
    )
    parser.add_argument(
        "--disk", default=tempfile.gettempdir(), help="a folder on disk (default %(default)s)"
    )
    for peer in ("dotenvx", "sops", "age"):
        default = shutil.which(peer)
        parser.add_argument(f"--{peer}", default=default, help=f"the program (default: {default})")
    return parser.parse_args()


def _in_memory() -> str:
    shared = "/dev/shm"
    return shared if os.access(shared, os.W_OK) else tempfile.gettempdir()


if __name__ == "__main__":
    main()
