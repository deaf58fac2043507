"""Change the code in small ways and run its tests: which changes does no test notice?

    python tests/tools/mutate.py sealedfiles/keys/union.py            all mutations of one module
    python tests/tools/mutate.py sealedfiles/keys --limit 40 --seed 1 a random choice of 40 of a package
    python tests/tools/mutate.py sealedfiles/keys/group_keyring.py --tests tests/keys tests/git/test_hostile.py
    python tests/tools/mutate.py sealedfiles/git --since HEAD~20       only lines that changed since a commit

Not a part of the test suite: a mutation costs a run of the tests.  Each module is tested by its mirror: the test
file of its name, otherwise the test folder of its package.  For each mutation the module is replaced in a copy of
the working tree, never in the working tree itself, and the tests run there until the first failure or the time
limit (which counts as noticed).  Survivors are printed as file, line and change, and the exit status is 1.

The copy has a virtual environment in which it is installed, so that git and tests that start the program run
the mutated code as well.

Mutations: a comparison turned around or moved by one, `and`/`or` exchanged, `not` removed, a condition made true
or false, a statement or a guard (an `if` that only raises or returns) removed, a constant changed, a function
that returns at once.  A survivor may be equivalent to the code; it takes a person to tell.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}


class Mutation(NamedTuple):
    """One change of one module."""

    line: int
    what: str
    source: str


def mutations(source: str) -> Iterator[Mutation]:
    """Yield every mutation of a module's *source*."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node):
            mutated = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(mutated)) if i == number)
            change(target)
            yield Mutation(
                getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(mutated))
            )


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:  # noqa: C901 - one case for each kind of node
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            for other in COMPARISONS.get(type(operator), ()):
                what = f"{ast.unparse(node)}: {type(operator).__name__} -> {other.__name__}"
                yield what, lambda n, at=at, other=other: n.ops.__setitem__(at, other())
    elif isinstance(node, ast.BoolOp):
        opposite = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{ast.unparse(node)}: -> {opposite.__name__}", lambda n: setattr(n, "op", opposite())
        for at in range(len(node.values)):
            yield f"{ast.unparse(node)}: without part {at + 1}", lambda n, at=at: n.values.pop(at)
    elif (
        isinstance(node, (ast.If, ast.IfExp, ast.While))
        and ast.unparse(node.test) != "TYPE_CHECKING"
    ):
        for value in (True, False):
            if isinstance(node, ast.While) and value:
                continue  # it would not end
            yield (
                f"if {ast.unparse(node.test)}: -> {value}",
                lambda n, value=value: setattr(n, "test", ast.Constant(value)),
            )
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int)):
        new = not node.value if isinstance(node.value, bool) else node.value + 1
        yield f"{node.value!r} -> {new!r}", lambda n: setattr(n, "value", new)
    for field in ("body", "orelse", "finalbody"):
        statements = getattr(node, field, None)
        if not isinstance(statements, list):
            continue
        for at, one in enumerate(statements):
            if isinstance(one, (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Return)):
                is_text = isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
                if not is_text:
                    what = f"without: {ast.unparse(one).splitlines()[0]}"
                    yield what, lambda n, f=field, at=at: getattr(n, f).__setitem__(at, ast.Pass())
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and len(node.body) > 1:
        yield f"{node.name}: returns at once", lambda n: n.body.insert(0, ast.Return(None))


def lines_since(module: Path, commit: str) -> set[int]:
    """Return the numbers of the lines of a module that differ from those in *commit*."""
    command = ["git", "-C", str(ROOT), "diff", "--unified=0", commit, "--", str(module)]
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines: set[int] = set()
    for start, count in re.findall(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", shown, re.MULTILINE):
        lines.update(range(int(start), int(start) + int(count or 1)))
    return lines


def tests_of(module: Path) -> list[str]:
    """Return the tests that mirror a module, relative to the root."""
    inside = module.relative_to(ROOT / "sealedfiles")
    mirror = ROOT / "tests" / inside.parent
    file = mirror / f"test_{inside.stem}.py"
    found = file if file.is_file() else mirror
    return [found.relative_to(ROOT).as_posix()]


def survives(
    folder: Path, module: Path, mutation: Mutation, tests: list[str], limit: float
) -> bool:
    """Run *tests* in the copy *folder* with the mutation; return True if all pass."""
    target = folder / module.relative_to(ROOT)
    before = target.read_bytes()
    target.write_text(mutation.source, encoding="utf-8")
    try:
        return passes(folder, tests, limit)
    finally:
        target.write_bytes(before)


def passes(folder: Path, tests: list[str], limit: float) -> bool:
    """Return True if *tests* pass in the copy *folder* within *limit* seconds."""
    command = [
        str(folder / ".venv" / "bin" / "python"),
        "-m",
        "pytest",
        "-q",
        "-x",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        *tests,
    ]
    environ = {**os.environ, "CI": "", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(limit) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return False


def install(folder: Path) -> None:
    """Install the copy *folder* in a virtual environment of its own, beside the packages of this one."""
    venv.create(folder / ".venv", with_pip=True)
    python = folder / ".venv" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "-e", folder],
        check=True,
    )
    (packages,) = (folder / ".venv").glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")


def main() -> int:
    """Mutate what the command line names; return 1 if a mutation survives."""
    parser = argparse.ArgumentParser(description="Find changes of the code that no test notices.")
    parser.add_argument("modules", nargs="+", type=Path)
    parser.add_argument("--tests", nargs="+", help="in the place of the mirrored tests")
    parser.add_argument(
        "--limit", type=int, default=0, help="so many mutations of each module, by chance"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--since", help="only lines that changed since this commit")
    parser.add_argument("--seconds", type=float, default=120, help="for the tests of one mutation")
    options = parser.parse_args()
    modules = [
        file.resolve()
        for one in options.modules
        for file in (sorted(one.rglob("*.py")) if one.is_dir() else [one])
    ]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutate-") as name:
        folder = Path(name)
        for part in ("sealedfiles", "tests", "docs", "examples", "pyproject.toml", "README.md"):
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.is_file():
                shutil.copy(source, folder / part)
        install(folder)
        passing: set[tuple[str, ...]] = set()
        for module in modules:
            found = list(mutations(module.read_text(encoding="utf-8")))
            if options.since:
                lines = lines_since(module, options.since)
                found = [one for one in found if one.line in lines]
            if options.limit:
                found = random.Random(options.seed).sample(found, min(options.limit, len(found)))
            if not found:
                continue
            tests = options.tests or tests_of(module)
            shown = module.relative_to(ROOT).as_posix()
            if tuple(tests) not in passing and not passes(folder, tests, options.seconds):
                seconds = f"{options.seconds:g} seconds"
                sys.exit(
                    f"without a mutation, {' '.join(tests)} failed or took more than {seconds}"
                )
            passing.add(tuple(tests))
            for mutation in sorted(found):
                if survives(folder, module, mutation, tests, options.seconds):
                    survivors += 1
                    print(f"{shown}:{mutation.line}: {mutation.what}", flush=True)
            print(f"# {shown}: {len(found)} mutations, tested by {' '.join(tests)}", flush=True)
    print(f"# survivors: {survivors}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
