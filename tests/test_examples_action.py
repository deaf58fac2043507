"""examples/ci: the GitHub Action and the GitLab component, whose shell runs as on the runners."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from people import JSON, SECRET, YAML, Repo, commit_blob, forge_user, program

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the steps are for bash")

EXAMPLES = Path(__file__).parent.parent / "examples" / "ci"
ACTION = yaml.safe_load((EXAMPLES / "action/action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
INSTALL, CHECK, LOAD = STEPS


@dataclass
class Runner:
    """A machine that has checked out a repository, and has only what the steps give to it."""

    base: Path
    work_tree: Path

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        if not shutil.which("bash"):
            pytest.skip("bash is missing")
        bin_folder, home = self.base / "bin", self.base / "home"
        for folder in (bin_folder, home):
            folder.mkdir(exist_ok=True)
        installed = bin_folder / "sealedfiles"
        installed.write_text(f'#!/bin/sh\nexec {shlex.join(program())} "$@"\n')
        installed.chmod(0o755)
        environment = {
            "PATH": os.pathsep.join([str(bin_folder), os.environ["PATH"]]),
            "HOME": str(home),
            "CI": "true",
            "GITHUB_ENV": str(self.base / "env"),
            "GITHUB_PATH": str(self.base / "path"),
            "RUNNER_TEMP": str(self.base),
            **variables,
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.work_tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def pushed(world: World, tmp_path: Path) -> Repo:
    """Alice's clone, with a machine that reads production."""
    return world.copy("alice", tmp_path / "orders")


def checked_out(repo: Repo, base: Path, *options: str) -> Runner:
    base.mkdir()
    url = repo.path.as_uri()
    command = ["git", "clone", "--quiet", *options, url, str(base / "work tree")]
    subprocess.run(command, check=True, capture_output=True)
    return Runner(base, base / "work tree")


def component() -> tuple[dict[str, Any], str]:
    """Return the inputs of the GitLab component, and its job with their defaults."""
    head, _, body = (EXAMPLES / "gitlab-component.yml").read_text().partition("\n---\n")
    inputs: dict[str, Any] = yaml.safe_load(head)["spec"]["inputs"]
    for name, one in inputs.items():
        body = body.replace(f"$[[ inputs.{name} ]]", one["default"])
    assert "$[[" not in body, "an input without a declaration"
    return inputs, body


def check_script(system: str) -> tuple[str, str]:
    """Return the script that checks what was pushed, and the variable with the commit before."""
    if system == "github":
        return STEPS[CHECK]["run"], "BASE"
    (job,) = yaml.safe_load(component()[1]).values()
    return "\n".join(job["script"]), "CI_COMMIT_BEFORE_SHA"


@pytest.mark.slow
@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_what_was_pushed_is_checked_without_a_key(
    pushed: Repo, tmp_path: Path, system: str
) -> None:
    script, base = check_script(system)
    before = pushed.head()
    pushed.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    good = pushed.commit("another password")
    runner = checked_out(pushed, tmp_path / "good")
    done = runner.run(script, **{base: before})
    assert done.returncode == 0, done.stderr
    # Plaintext in one commit, which the next one removes again.
    commit_blob(pushed, YAML, forge_user(pushed.blob("", YAML).decode()))
    pushed.git("revert", "--no-edit", "HEAD")
    runner = checked_out(pushed, tmp_path / "bad")
    done = runner.run(script, **{base: good})
    assert done.returncode == 1, done.stderr
    assert "database.user: in plaintext" in done.stdout
    # The first push of a branch, and a shallow clone: the tree is checked.
    for name, options, value in (("new", [], "0" * 40), ("shallow", ["--depth=1"], good)):
        done = checked_out(pushed, tmp_path / name, *options).run(script, **{base: value})
        assert done.returncode == 0, done.stderr
        assert "compared with HEAD only" in done.stdout


def test_values_of_the_group_are_given_to_later_steps(pushed: Repo, tmp_path: Path) -> None:
    key = pushed.sealedfiles("keygen", "--deploy", "ci", "--to", "production").strip()
    pushed.commit("CI reads production")
    runner = checked_out(pushed, tmp_path / "job")
    variables = {"FILES": f"\n{JSON}\n  \n{YAML}\n", "GROUP": "production"}
    script = STEPS[LOAD]["run"]
    (runner.base / "env").touch()
    assert runner.run(script, SEALEDFILES_KEY="", **variables).returncode == 3
    assert (runner.base / "env").read_text() == ""
    variables["FILES"] = f"{JSON}\n"
    done = runner.run(script, SEALEDFILES_KEY=key, **variables)
    assert done.returncode == 0, done.stderr
    written = (runner.base / "env").read_text()
    assert "PRODUCTION_PIN<<" in written
    assert "s3cr3t-production" in written
    assert written.count(SECRET) == 1, "no value of another group"
    assert "::add-mask::s3cr3t-production" in done.stderr


def test_the_action_installs_the_version_that_it_is_part_of(pushed: Repo, tmp_path: Path) -> None:
    """The checkout of an action has the whole repository; a copy has not."""
    runner = checked_out(pushed, tmp_path / "job")
    (runner.base / "bin").mkdir()
    fake = runner.base / "bin" / "python3"
    pip = 'echo "$@" >"$RUNNER_TEMP/installed"'
    fake.write_text(
        '#!/bin/sh\nmkdir -p "$3/bin"\n'
        f"printf '%s\\n' '#!/bin/sh' '{pip}' >\"$3/bin/pip\"\nchmod +x \"$3/bin/pip\"\n"
    )
    fake.chmod(0o755)

    def installed(action: Path, version: str) -> str:
        done = runner.run(STEPS[INSTALL]["run"], ACTION=str(action), VERSION=version)
        assert done.returncode == 0, done.stderr
        return (runner.base / "installed").read_text().split()[-1]

    here = EXAMPLES / "action"
    assert (Path(installed(here, "")) / "pyproject.toml").is_file()
    assert installed(here, "1.2.3") == "sealedfiles==1.2.3"
    assert installed(tmp_path, "") == "sealedfiles"
    assert (runner.base / "path").read_text().startswith(f"{runner.base}/sealedfiles/bin\n")


def test_no_input_is_part_of_a_script() -> None:
    """An input, or a branch name, would otherwise be run."""
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        used = re.findall(r"inputs\.(\w+)", str(step.get("env", "")) + str(step.get("if", "")))
        assert set(used) <= set(ACTION["inputs"])
    named = re.findall(r"inputs\.(\w+)", (EXAMPLES / "action/action.yml").read_text())
    assert set(named) == set(ACTION["inputs"]), "every input is used"
    inputs, _ = component()
    text = (EXAMPLES / "gitlab-component.yml").read_text()
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text)) == set(inputs)
