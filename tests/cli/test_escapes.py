"""Names from somebody with push access are escaped in the output of every command, and quoted in commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import YAML, Person, Repo, tokens

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.many_variants

EVIL = "\x1b]0;PWN\x07\u202e\u200b"
BYTES = EVIL.encode() + b"\x9b31m"
RAW = (b"\x1b", b"\x07", b"\x9b", "\u202e".encode(), "\u200b".encode())


@pytest.fixture
def hostile(origin: Path, team: tuple[Repo, Repo], tmp_path: Path) -> Repo:
    """Alice's clone after she pulled a commit with file names and texts that control a terminal, some of
    which a parser quotes in its error."""
    repo = Person.at(tmp_path / "mallory").clone(origin, tmp_path / "mallory's")
    token = tokens(repo.read(YAML))[0].encode()
    quoted = b'"k\\e]0;PWN\\a": "%b"\n"p\\x9b31m": plain\n"\xc2\x9b31m\xe2\x80\xae": "%b"\n'
    repo.git("config", "user.name", f"ev{EVIL}il")
    repo.write("secrets/keys.yaml", quoted % (token, token))
    repo.write("secrets/broken.yaml", quoted % (token, token) + b"x: [")
    repo.write("secrets/alias.yaml", f"a: *u{EVIL}\n")
    repo.write("secrets/tag.yaml", f"%TAG !{EVIL}! x\n--- a\n")
    repo.write("secrets/escape.yaml", 'a: "\\\x1b"\n')
    repo.write("config/x.json", b'{"a' + BYTES + b'": 1, "a": \x1b}')
    repo.write("x.env", b'"K%b=%b\n#X%b=1\nA=%b\n' % (BYTES, token, BYTES, token))
    (repo.path / b"d\x9b".decode("utf-8", "surrogateescape")).mkdir()
    repo.write(f"d\udc9b/x{EVIL}.env", b"A=%b\nB=plain\n" % token)
    repo.write(".sealedfiles/recipients/carol.pub", f"age1x{EVIL}\n")
    repo.write(f".sealedfiles/recipients/z{EVIL}.pub", "x\n")
    repo.write(f".sealedfiles/keys/g{EVIL}/z{EVIL}.age", "x\n")
    repo.write(".sealedfiles/keys/default/carol.age", "x\n")
    repo.write(".sealedfiles/keys/default/carol.grant", f"x{EVIL}\n")
    escaped = EVIL.encode("unicode_escape").decode()
    repo.write(
        ".sealedfiles/policy.yaml",
        f'version: 1\nrules:\n  - files: "x{escaped}"\n    values: ["a{escaped}"]\n'
        f'allow:\n  - finding: plain-value\n    files: "*{escaped}"\n    reason: "because{escaped}"\n',
    )
    attributes = repo.read(".gitattributes")
    repo.write(".gitattributes", f"{attributes}x{EVIL}*.yaml filter=sealedfiles -text\n")
    repo.commit(f"subj{EVIL}ect")
    repo.git("push", "--quiet", "origin", "main")
    team[0].git("pull", "--quiet")
    return team[0]


FILES = (
    "secrets/keys.yaml",
    "secrets/broken.yaml",
    "secrets/alias.yaml",
    "secrets/tag.yaml",
    "secrets/escape.yaml",
    "config/x.json",
    "x.env",
    f"d\udc9b/x{EVIL}.env",
)

EVERYWHERE = (
    ("status",),
    ("status", "--age"),
    ("check", "--keyed"),
    ("check", "--all"),
    ("check", "--json"),
    ("who",),
    ("who", "--log"),
    ("who", "--markdown"),
    ("who", "--log", "--json"),
    ("who", "--html", "page.html"),
    ("doctor",),
    ("exposure", "carol"),
    ("exposure", EVIL),
    ("grant", "carol", "--to", "default"),
    ("grant", "carol", f"age1{EVIL}", "--to", f"g{EVIL}"),
    ("trust", "carol"),
    ("rotate",),
    ("revoke", "carol"),
    ("sync",),
    ("track", f"y{EVIL}*.env"),
    ("lock",),
    ("unlock",),
    (EVIL,),
)


@pytest.mark.slow
def test_no_command_passes_on_what_a_terminal_acts_on(hostile: Repo) -> None:
    said = b""
    for command in EVERYWHERE:
        out = hostile.raw("sealedfiles", *command, code=None)
        said += out + hostile.stderr.encode("utf-8", "surrogateescape")
        assert not any(char in said for char in RAW), (command, out, hostile.stderr)
    assert b"PWN" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("who",),
        ("reseal",),
        ("rebind",),
        ("check",),
        ("edit",),
        ("set",),
        ("unset",),
        ("exposure",),
    ],
    ids=" ".join,
)
def test_nor_does_a_command_with_a_hostile_file(hostile: Repo, command: tuple[str, ...]) -> None:
    for file in FILES:
        more = ("a",) if command[0] in ("set", "unset") else ()
        out = hostile.raw("sealedfiles", *command, file, *more, code=None)
        said = out + hostile.stderr.encode("utf-8", "surrogateescape")
        assert not any(char in said for char in RAW), (command, file, said)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("cat",), ("cat", "--format", "json"), ("cat", "--format", "env"), ("get",), ("run", "-f")],
    ids=" ".join,
)
def test_values_are_not_escaped_but_messages_are(hostile: Repo, command: tuple[str, ...]) -> None:
    for file in FILES:
        more = {"get": ("x",), "run": ("--", "true")}.get(command[0], ())
        hostile.raw("sealedfiles", *command, file, *more, code=None)
        said = hostile.stderr.encode("utf-8", "surrogateescape")
        assert not any(char in said for char in RAW), (command, file, said)


COPIED = {
    "x;touch pwned;.env": "A=plain\nB=%s\n",
    "-$(touch pwned)`touch pwned`.env": "A=%s\n",
    "q'\\;touch pwned;\"\x1b\n.env": "A=plain\n",
    "d;touch pwned/broken.yaml": "A: plain\nb: [\n",
    "&touch pwned.bin": "x",
}
ON_A_FILE = ("get", "cat", "run", "set", "accept", "reseal", "rebind")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="such names are not possible there")
def test_the_commands_in_hints_can_be_copied(
    origin: Path, team: tuple[Repo, Repo], tmp_path: Path
) -> None:
    mallory = Person.at(tmp_path / "mallory").clone(origin, tmp_path / "mallory's")
    alice = team[0]
    alice.sealedfiles("track", "*.env", "*.yaml", "*.bin")
    (mallory.path / "d;touch pwned").mkdir()
    for name, text in COPIED.items():
        mallory.write(name, text.replace("%s", tokens(mallory.read(YAML))[0]))
    mallory.commit("evil")
    mallory.git("push", "--quiet", "origin", "main")
    alice.commit("track them")
    hints: set[str] = set()

    def run(*command: str) -> None:
        out = alice.raw(*command, code=None).decode("utf-8", "replace")
        for line in (out + alice.stderr).split("\n"):
            before, sign, fix = line.partition(" -> ")
            hints.update([fix] if sign else [before[6:]] if line.startswith("hint: ") else [])

    run("git", "pull", "--quiet", "--no-rebase", "--no-edit")
    for whole in ("status", "check", "scan"):
        run("sealedfiles", whole)
    for file in COPIED:
        for command in ON_A_FILE:
            more = {"get": ("A",), "set": ("A.b", "--value", "v"), "run": ("--", "true")}
            option = ("-f",) if command == "run" else ()
            run("sealedfiles", command, *option, f"./{file}", *more.get(command, ()))
    copied = {hint for hint in hints if "touch" in hint}
    assert len(copied) > 15, copied
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/touch").symlink_to(str(shutil.which("touch")))
    for hint in copied:
        # What is before the command is for people; `true` stands for the command.
        line = hint.rpartition(": ")[2].replace("sealedfiles ", "true ").replace("git ", "true ")
        environment = {"PATH": str(tmp_path / "bin")}
        subprocess.run(
            ["/bin/sh", "-c", line], cwd=tmp_path, env=environment, check=False, timeout=60
        )
        assert not (tmp_path / "pwned").exists(), hint
