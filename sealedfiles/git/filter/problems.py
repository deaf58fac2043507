"""Messages about tokens that stay sealed."""

from __future__ import annotations

from collections.abc import Iterable

from sealedfiles.sealing import Problem
from sealedfiles.sealing.file import REASONS
from sealedfiles.util.messages import counted, shell_path


def misplaced_hints(problems: Iterable[Problem], file: bytes = b"FILE") -> list[str]:
    """Return the hints for tokens that cannot be decrypted at their position."""
    name = shell_path(file)
    hints = [f"find the commit that added each: git log -p -- {name}"]
    if any(problem.reason in ("moved", "foreign") for problem in problems):
        hints.append(f"if it belongs there: sealedfiles rebind {name}")
    if any(problem.reason == "retired" for problem in problems):
        hints.append(
            "if they are correct: sealedfiles sync; to read them as they are: --allow-retired"
        )
    return [*hints, "otherwise replace the token with the value, or restore the line"]


UNKNOWN_KEY_HINTS = (
    "if the group's key was rotated, or to see whether you were removed: sealedfiles unlock",
    "otherwise find the commit that added them: git log -p -- FILE",
)


def unknown_key(group: str, count: int) -> str:
    """Return the message for tokens of the user's own *group* under a key that the user does not have."""
    values = counted(count, "value")
    return f"{values} of the group {group} stay sealed: their key is not among those you have"


def describe_problem(file: str, problem: Problem) -> str:
    """Return the message for a token in *file* that stays sealed, with the reason."""
    where = f"{file}:{problem.line}" + (f": {problem.key}" if problem.key else "")
    return f"{where}: a token of the group {problem.group} stays sealed: {REASONS[problem.reason]}"
