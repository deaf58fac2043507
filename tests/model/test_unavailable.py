"""What an installation cannot do is named, with what to do; it is no internal error."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from people import ENV, Person, Repo

from sealedfiles import age
from sealedfiles.model.unavailable import explain

if TYPE_CHECKING:
    from pathlib import Path

BLOCKED = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r} or name.startswith({name!r} + "."):
            raise ModuleNotFoundError("No module named " + name, name=name)

sys.meta_path.insert(0, Block())
from sealedfiles.__main__ import main
sys.exit(main())
"""
NO_MLKEM = """
import sys
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import mlkem

def refuse(*_):
    raise UnsupportedAlgorithm("ML-KEM-768 is not supported by this backend.")

mlkem.MLKEM768PrivateKey.from_seed_bytes = mlkem.MLKEM768PrivateKey.generate = refuse
mlkem.MLKEM768PublicKey.from_public_bytes = refuse
from sealedfiles.__main__ import main
sys.exit(main())
"""


def run(repo: Repo | Person, program: str, *args: str) -> tuple[int, str]:
    """Run the command line in a Python that lacks something; return its status and what it says."""
    person, folder = (repo.person, repo.path) if isinstance(repo, Repo) else (repo, repo.home)
    done = subprocess.run(
        [sys.executable, "-c", program, *args],
        cwd=folder,
        env=person.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert "internal error" not in said
    return done.returncode, said


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("click", ("status", "--help")),
        ("cryptography", ("cat", ENV)),
        ("cryptography", ("keygen",)),
        ("yaml", ("track", "late/*.env")),
    ],
)
def test_a_missing_package_is_one_line_and_a_hint(
    repo: Repo, module: str, args: tuple[str, ...]
) -> None:
    repo.sealedfiles("seal", ENV)
    status, said = run(repo, BLOCKED.format(name=module), *args)
    assert status == 1, said
    assert f"the Python package {module} is missing or incompatible" in said
    assert "pip install" in said


def test_a_filter_without_its_packages_lets_git_refuse(repo: Repo, tmp_path: Path) -> None:
    script = tmp_path / "filter.py"
    script.write_text(BLOCKED.format(name="cryptography"))
    repo.git("config", "--unset", "filter.sealedfiles.process")
    repo.git("config", "filter.sealedfiles.clean", f"{sys.executable} {script} git clean %f")
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.git("add", ENV, code=128)
    assert "the Python package cryptography is missing" in repo.stderr
    assert "Traceback" not in repo.stderr
    assert "pip install" in repo.stderr


@pytest.mark.parametrize("args", [("keygen",), ("init", "--name", "alice")])
def test_without_ml_kem_the_headline_says_so(tmp_path: Path, args: tuple[str, ...]) -> None:
    alice = Person.at(tmp_path / "alice")
    fresh = alice.repository(tmp_path / "fresh")
    status, said = run(fresh, NO_MLKEM, *args)
    assert status == 1, said
    assert "cryptography" in said.split("\n")[0]
    assert "cryptography 48 or newer" in said
    assert run(fresh, NO_MLKEM, "keygen", "--classic")[0] == 0


@pytest.mark.slow
def test_doctor_finds_what_is_missing(repo: Repo) -> None:
    status, said = run(repo, NO_MLKEM, "doctor")
    assert status == 1
    assert "error    packages: post-quantum keys (ML-KEM): not available" in said
    status, said = run(repo, BLOCKED.format(name="yaml._yaml"), "doctor")
    assert "without libyaml" in said
    repo.sealedfiles("doctor", code=None)


def test_every_error_of_age_has_a_status_and_no_other_error_is_explained() -> None:
    errors = [
        age.PassphraseNeededError("asks"),
        age.HeaderError("damaged"),
        UnsupportedAlgorithm("AES-SIV"),
    ]
    asking, damaged, lacking = (explain(error) or ("", (), 0) for error in errors)
    assert explain(age.UnsupportedKeyError("no")) == ("no", (), 1)
    assert asking[2] == 3
    assert damaged[2] == 1
    assert "lacks a required algorithm" in lacking[0]
    assert explain(ValueError("s3cr3t")) is None
    assert explain(OSError("s3cr3t")) == ("oserror", (), 1)


@pytest.mark.skipif(sys.platform == "win32", reason="the other git is a shell script")
@pytest.mark.parametrize(
    ("version", "is_old"),
    [("2.30.2", True), ("2.33.9", True), ("2.34.0", False), ("2.39.5 (Apple Git-154)", False)],
)
def test_a_git_that_is_too_old_is_named(
    repo: Repo, tmp_path: Path, version: str, is_old: bool
) -> None:
    real = subprocess.run(
        ["sh", "-c", "command -v git"], capture_output=True, check=True, text=True
    )
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "git version {version}" && exit\n'
        f'exec {real.stdout.strip()} "$@"\n'
    )
    fake.chmod(0o755)
    path = f"{fake.parent}:{os.environ['PATH']}"
    old = Repo(repo.person.having(PATH=path), repo.path)
    for command in ("init", "unlock", "doctor"):
        said = old.sealedfiles(command, code=None) + old.stderr
        assert ("older than 2.34" in said) == is_old, command
    fresh = old.person.repository(tmp_path / "fresh")
    fresh.sealedfiles("init", "--name", "alice", code=1 if is_old else 0)
    assert (fresh.path / ".sealedfiles").exists() != is_old
