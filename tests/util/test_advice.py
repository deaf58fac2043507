"""The commands in messages are safe to copy: each name in them is one word of a shell."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import sealedfiles

PACKAGE = Path(sealedfiles.__file__).parent
QUOTING = {"shell_word", "shell_path", "shell_key", "shlex.quote", "_quoted"}
HARMLESS = re.compile(
    r"_?[A-Z_]+"  # constants
    r"|(?:\w+\.)?(?:group|code)|groups\[0\]|granted\[0\]"  # groups and codes: a-z, 0-9, and . _ -
    r"|(?:\w+\.)*(?:commit|short|oid)(?:\[:12\])?|revision|kept"  # ids of commits, ours or theirs
    r"|hook\.name|HOOKS\[hook\.name\]"  # words of the program
    r"|command|fix"  # commands, which are checked where they are made
)
_GIT = (
    "-C|add|cat-file|checkout|clone|commit|config --global --add|filter-repo|log|ls-remote|merge|push|restore|"
    "rm|show|sparse-checkout|update-ref"
)
IN_COMMAND = re.compile(
    rf"(?:^|[ (;|&])(?:sealedfiles(?! (?:is|was) )|git(?= (?:{_GIT})\b)|age|cat|cd|chmod|cp|iconv|mkdir|mv|rm|ssh-keygen)"
    r" [^,:;&(]*$|: --[a-z-]+[ =]$"
)
NOT_ADVICE = {
    "app/push/stores/gitea.py",  # the description of a secret: "sealedfiles COMMIT DIGEST"
    "app/who/page.py",  # "created by sealedfiles who on …"
    "git/plaintext_memory.py",  # the first line of a file
}


class _Scope:
    """A function, or what is outside of functions."""

    def __init__(self, nodes: list[ast.AST]) -> None:
        self.nodes = nodes
        self.assigned: dict[str, list[ast.expr]] = {}
        for node in nodes:
            if isinstance(node, ast.Assign):
                self.assigned.setdefault(ast.unparse(node.targets[0]), []).append(node.value)

    def unquoted(self) -> list[str]:
        """Return the interpolated expressions in commands that no function quotes for a shell."""
        return [
            f"{node.lineno}: {ast.unparse(part.value)}"
            for node in self.nodes
            if isinstance(node, ast.JoinedStr)
            for at, part in enumerate(node.values)
            if isinstance(part, ast.FormattedValue)
            and IN_COMMAND.search("".join(map(_text_of, node.values[:at])))
            and not self._is_quoted(part.value)
        ]

    def _is_quoted(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "' '.join":
            return all(
                isinstance(one, ast.GeneratorExp) and self._is_quoted(one.elt) for one in value.args
            )
        if isinstance(value, ast.Call):
            return ast.unparse(value.func) in QUOTING
        if isinstance(value, ast.IfExp):
            return self._is_quoted(value.body) and self._is_quoted(value.orelse)
        if isinstance(value, ast.JoinedStr):
            parts = [one.value for one in value.values if isinstance(one, ast.FormattedValue)]
            return all(map(self._is_quoted, parts))
        if HARMLESS.fullmatch(ast.unparse(value)):
            return True
        if values := self.assigned.get(ast.unparse(value)):
            return all(map(self._is_quoted, values))
        return isinstance(value, ast.Constant)


def _unquoted(text: str) -> list[str]:
    tree = ast.parse(text)
    functions = [list(ast.walk(one)) for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    inside = {id(node) for nodes in functions for node in nodes}
    outside = [node for node in ast.walk(tree) if id(node) not in inside]
    return [found for nodes in (outside, *functions) for found in _Scope(nodes).unquoted()]


def _text_of(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "X"


def test_every_name_in_a_command_is_quoted() -> None:
    found = [
        f"{file.relative_to(PACKAGE)}:{one}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.relative_to(PACKAGE).as_posix() not in NOT_ADVICE
        for one in _unquoted(file.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_the_check_finds_what_it_must() -> None:
    text = """
file = show_path(path)
f"find who wrote it: git log -p -- {name}"
f"to seal it: sealedfiles track {shell_path(path)} --group {name}"
f"sealedfiles edit {file}"
f"if it is correct: --allow-variable {variable.name}"
f"git has {name}, and that is not a command"
"""
    assert _unquoted(text) == ["3: name", "4: name", "5: file", "6: variable.name"]
