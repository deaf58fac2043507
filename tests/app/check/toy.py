"""A small repository with sealed files, created without the filter, so git stores what is written.

Keys and readers are those of ``keys.kit``; nothing is decrypted, so no identity is needed.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from keys.kit import ALICE, BOB, epochs, group_key, recipient_of

from sealedfiles.app.check.run import CheckReport, check
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository
from sealedfiles.keys.grants import new_grant
from sealedfiles.keys.keyfile import wrap_keys
from sealedfiles.keys.policy_proof import proof_line
from sealedfiles.model.policy import parse_policy
from sealedfiles.model.token import FileKey
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.seal import seal_file

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from sealedfiles.app.check.findings import Finding

APP = "secrets/app.yaml"
TEXT = """\
name: shop
db:
  user: admin
  password: hunter2-alpha
"""
RULES = "- {files: 'secrets/*', values: name, plain: true}"
ATTRIBUTES = "secrets/** filter=sealedfiles -text\n*.env filter=sealedfiles -text\n"
NUMBERS = {"default": 1, "production": 2}
"""The first key of each group; later ones have a higher number."""


def isolate(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Isolate git from this machine's configuration."""
    for name, value in {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Alice",
        "GIT_AUTHOR_EMAIL": "alice@example.org",
        "GIT_COMMITTER_NAME": "Alice",
        "GIT_COMMITTER_EMAIL": "alice@example.org",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "init.defaultBranch",
        "GIT_CONFIG_VALUE_0": "main",
    }.items():
        monkeypatch.setenv(name, value)


class Keyring:
    """The keys of every requested group and file, all of which exist."""

    def __init__(self, **numbers: int) -> None:
        self._numbers = {**NUMBERS, **numbers}

    def for_prefix(self, prefix: str) -> FileKey | None:
        _, _, group, _, file_id, _ = prefix.split(":")
        return self.sealing_key(group, file_id)

    def sealing_key(self, group: str, file_id: str) -> FileKey:
        return FileKey(group, group_key(self._numbers[group]).secret, file_id)

    def holds(self, group: str) -> bool:
        return group in self._numbers


class Toy:
    """The repository. Its first commit has no findings."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q")
        self.group("default")
        self.group("production")
        self.policy()
        self.write(".gitattributes", ATTRIBUTES)
        self.write(APP, self.sealed(TEXT))
        self.commit()

    def git(self, *args: str, env: dict[str, str] | None = None, stdin: str = "") -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.path,
            env={**os.environ, **(env or {})},
            input=stdin.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"git {args}: {done.stderr.decode()}"
        return done.stdout.decode("utf-8", "surrogateescape")

    def write(self, path: str, content: str | bytes) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, path: str = APP) -> str:
        return (self.path / path).read_text()

    def edit(self, old: str, new: str, path: str = APP) -> None:
        text = self.read(path)
        assert text.count(old) == 1, f"{old!r} in {text}"
        self.write(path, text.replace(old, new))

    def remove(self, path: str) -> None:
        (self.path / path).unlink()

    def stage(self) -> None:
        self.git("add", "-A", "--force")

    def commit(self) -> str:
        """Commit the working tree, and return the commit."""
        self.stage()
        self.git("commit", "-q", "--allow-empty", "-m", "a commit")
        return self.git("rev-parse", "HEAD").strip()

    def policy(self, rules: str = RULES, more: str = "") -> None:
        self.write(".sealedfiles/policy.yaml", f"version: 1\nrules:\n{rules or '  []'}\n{more}")
        self.prove_policy()

    def prove_policy(self) -> None:
        """Write a proof of the policy under the current key of every group."""
        policy = (self.path / ".sealedfiles/policy.yaml").read_bytes()
        known = {key.key_id: key for key in map(group_key, range(1, 10))}
        lines = []
        for file in sorted((self.path / ".sealedfiles/keys").glob("*/epochs")):
            last = file.read_text().split("\n")[-2].split(" ")[0]
            if last in known:
                lines.append(proof_line(file.parent.name, known[last], policy))
        self.write(".sealedfiles/policy.proof", "".join(f"{line}\n" for line in lines))

    def group(self, name: str, *numbers: int, readers: str = "alice bob") -> None:
        """Write the files of a group with these keys (numbered as in ``keys.kit``), with valid proofs."""
        keys = [group_key(number) for number in numbers or (NUMBERS[name],)]
        folder = f".sealedfiles/keys/{name}"
        self.write(f"{folder}/epochs", epochs(*(numbers or (NUMBERS[name],)), group=name))
        for reader in readers.split():
            public = [recipient_of({"alice": ALICE, "bob": BOB}[reader])]
            self.write(f".sealedfiles/recipients/{reader}.pub", f"{public[0]}\n")
            self.write(f"{folder}/{reader}.age", wrap_keys(keys, public))
            self.write(f"{folder}/{reader}.grant", new_grant(name, reader, public, keys[-1]))
        if (self.path / ".sealedfiles/policy.yaml").exists():
            self.prove_policy()

    def sealed(
        self, text: str | bytes, path: str = APP, before: str | bytes = "", **numbers: int
    ) -> bytes:
        """Seal a text as the filter would, by the policy in the working tree; *numbers* as in Keyring."""
        data, previous = (one.encode() if isinstance(one, str) else one for one in (text, before))
        rules = parse_policy((self.path / ".sealedfiles/policy.yaml").read_bytes()).for_file(path)
        file = describe_file(path.encode(), rules.format)
        versions = [previous] if previous else []
        return seal_file(data, versions, file, rules, Keyring(**numbers))

    def token(self, key: str, path: str = APP) -> str:
        """Return the token of a key."""
        line = next(line for line in self.read(path).split("\n") if key in line)
        return line[line.index("sealed:v1:") :].strip('", }')

    # -- checking

    def report(self, *revisions: str, **wanted: object) -> CheckReport:
        """Run the checks in ``Wanted``; with *revisions*, check commits."""
        repository = find_repository(self.path, bare=True)
        assert repository is not None
        clone = Clone(repository)
        try:
            return check(clone, Wanted(revisions=revisions, **wanted))  # type: ignore[arg-type]
        finally:
            clone.objects.close()

    def findings(self, *revisions: str, **wanted: object) -> list[Finding]:
        return self.report(*revisions, **wanted).findings

    def found(self, *revisions: str, **wanted: object) -> list[str]:
        """Return each finding that is not allowed, as ``code path:line key``."""
        return [shown(one) for one in self.findings(*revisions, **wanted) if not one.reason]

    def staged(self) -> list[str]:
        """Stage everything; return the findings that the staged changes add."""
        self.stage()
        return self.found(staged=True)

    def codes(self, *revisions: str, **wanted: object) -> list[str]:
        """Return the codes of the findings, each once, in order."""
        codes = [one.code for one in self.findings(*revisions, **wanted) if not one.reason]
        return list(dict.fromkeys(codes))


def shown(finding: Finding) -> str:
    place = finding.path.decode("utf-8", "surrogateescape")
    place += f":{finding.line}" if finding.line else ""
    return " ".join(word for word in (finding.code, place, finding.shown_key) if word)
