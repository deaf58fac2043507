"""examples/editors and docs/editors.md: nothing of a sealed file stays elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from people import ENV, SECRET, YAML

from sealedfiles.cli.commands import find_command

if TYPE_CHECKING:
    from people import Repo

ROOT = Path(__file__).parent.parent
EDITORS = ROOT / "examples" / "editors"


def need(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"{name} is missing")
    return pytest.skip(f"{name} is missing")


def settings_in_vim(repo: Repo, file: str, folder: Path) -> dict[str, str]:
    """Open and save *file* in vim with the plugin; return the settings that it had then."""
    vim = need("vim")
    shown = folder / "shown"
    script = folder / "vimrc"
    script.write_text(
        f"set swapfile undofile undodir={folder} backup backupdir={folder} directory={folder}\n"
        f"set viminfo='10,n{folder}/viminfo\n"
        f"source {EDITORS / 'sealedfiles.vim'}\n"
    )
    options = "swapfile? undofile? backup? writebackup? viminfo?"
    commands = [
        "normal! yyp",
        f"redir! > {shown} | silent set {options} | redir END",
        f"call writefile([swapname('%')], '{folder}/swap')",
        "silent! write",
        "qall!",
    ]
    done = subprocess.run(
        [vim, "-N", "-u", str(script), "-es", *(f"-c{one}" for one in commands), file],
        cwd=repo.path,
        env={**repo.person.environment(), "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert shown.exists(), done.stderr.decode()
    return {
        line.strip().removeprefix("no").partition("=")[0]: line.strip()
        for line in shown.read_text().split("\n")
        if line.strip()
    }


def test_vim_keeps_nothing_of_a_sealed_file(repo: Repo, tmp_path: Path) -> None:
    for path in (YAML, ENV):
        folder = tmp_path / Path(path).name
        folder.mkdir()
        found = settings_in_vim(repo, path, folder)
        assert found["swapfile"] == "noswapfile"
        assert found["undofile"] == "noundofile"
        assert found["backup"] == "nobackup"
        assert found["writebackup"] == "nowritebackup"
        assert found["viminfo"] == "viminfo="
        left = [one for one in folder.rglob("*") if one.name not in ("shown", "vimrc", "swap")]
        assert not [one for one in left if SECRET.encode() in one.read_bytes()], left
        assert repo.status() == [f" M {path}"], "the file was written, and no other"
        repo.git("checkout", "--quiet", "--", path)


def test_vim_treats_other_files_as_before(repo: Repo, tmp_path: Path) -> None:
    found = settings_in_vim(repo, "README.md", tmp_path)
    assert found["swapfile"] == "swapfile"
    assert found["undofile"] == "undofile"
    assert found["viminfo"].startswith("viminfo='10")


def test_emacs_keeps_nothing_of_a_sealed_file(repo: Repo) -> None:
    emacs = need("emacs")
    show = "(princ (list backup-inhibited create-lockfiles buffer-auto-save-file-name))"
    shown = {}
    for path in (YAML, "README.md"):
        command = [emacs, "-Q", "--batch", "-l", str(EDITORS / "sealedfiles.el"), path]
        done = subprocess.run(
            [*command, "--eval", show],
            cwd=repo.path,
            env=repo.person.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        shown[path] = done.stdout
    assert shown[YAML] == "(t nil nil)"
    assert shown["README.md"] != shown[YAML]


def test_the_tasks_of_vs_code_name_commands_that_exist_and_find_what_check_prints(
    repo: Repo,
) -> None:
    tasks = json.loads((EDITORS / "tasks.json").read_text())["tasks"]
    for task in tasks:
        declared = find_command(task["args"][0])
        assert declared is not None
        options = [one for one in task["args"][1:] if one.startswith("-")]
        known = {name for param in declared.params for name in param.flags()}  # type: ignore[union-attr]
        assert set(options) <= known
    (pattern,) = tasks[-1]["problemMatcher"]["pattern"]
    repo.write("new.env", "A=s3cr3t\n")
    oid = repo.git("hash-object", "-w", "--no-filters", "new.env").strip()
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},new.env")
    printed = repo.sealedfiles("check", "--staged", code=1)
    found = re.findall(pattern["regexp"], printed, re.MULTILINE)
    assert [(file, line, code) for file, line, _, code in found] == [
        ("new.env", "1", "plain-value")
    ]


def test_every_file_and_setting_of_the_page_is_there() -> None:
    text = (ROOT / "docs/editors.md").read_text()
    for name in re.findall(r"\]\((\.\./examples/editors/[^)]+)\)", text):
        assert (ROOT / "docs" / name).is_file(), name
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        json.loads(block)
