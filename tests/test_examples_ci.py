"""examples/ci: the shell of each job file, run as a CI system runs it.

A real clone, an empty home, no terminal, a closed stdin, and no variables but PATH, HOME, CI and (where
the file asks for it) SEALEDFILES_KEY.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from people import (
    JSON,
    SECRET,
    Person,
    Repo,
    assert_no_plaintext,
    groups,
    program,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import World

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the jobs are for a POSIX shell"),
    pytest.mark.many_variants,
]

EXAMPLES = Path(__file__).parent.parent / "examples" / "ci"
GITHUB, GITLAB, PLAIN = "github-actions.yml", "gitlab-ci.yml", "job.sh"
TASKS = ["smoke-test", "deploy"]
PRODUCTION = "s3cr3t-production"
SKIPPED = "No deploy key in this build, as in every build of a fork: smoke test skipped."

SHELLS = {
    "sh": ["sh", "-e"],
    # What GitHub runs steps with, and, with pipefail, what GitLab does.
    "bash": ["bash", "-e", "-o", "pipefail"],
}

COMMAND = """\
#!/bin/sh
# What the jobs run in the end: notes down all that it can see.
set -eu
seen=$(dirname "$HOME")/seen
mkdir "$seen"
basename "$0" >"$seen/command"
pwd -P >"$seen/folder"
echo "$1" >"$seen/path"
cat "$1" >"$seen/values"
ls -ld "$1" | cut -c 1-10 >"$seen/mode"
ls -ld "$(dirname "$1")" | cut -c 1-10 >"$seen/folder mode"
env >"$seen/environment"
umask >"$seen/umask"
git status --porcelain --untracked-files=all --ignored >"$seen/status"
grep -rl 's3[c]r3t' . >"$seen/plain" || :
"""


def load(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text())


def steps(task: str) -> list[dict[str, Any]]:
    """Return the steps of a job of GitHub Actions."""
    found: list[dict[str, Any]] = load(GITHUB)["jobs"][task]["steps"]
    return found


@dataclass
class Server:
    """A bare repository that grants its production group to a machine."""

    path: Path
    alice: Person
    key: str


@pytest.fixture(scope="module")
def server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Server:
    base = tmp_path_factory.mktemp("server")
    repo = world.copy("alice", base / "orders")
    for task in TASKS:
        repo.write(f"{task}.sh", COMMAND)
        (repo.path / f"{task}.sh").chmod(0o755)
    key = repo.sealedfiles("keygen", "--deploy", "ci", "--to", "production").strip()
    repo.commit("CI reads the production group")
    path = base / "orders.git"
    repo.git("clone", "--quiet", "--bare", ".", str(path))
    return Server(path, repo.person, key)


@dataclass
class Build:
    """One job on a machine that has never seen the repository."""

    server: Server
    base: Path
    shell: list[str]

    def __post_init__(self) -> None:
        (self.base / "home").mkdir()
        (self.base / "bin").mkdir()
        # Stands for the environment that the install step makes.
        installed = self.base / "bin" / "sealedfiles"
        installed.write_text(f'#!/bin/sh\nexec {shlex.join(program())} "$@"\n')
        installed.chmod(0o755)

    @property
    def work_tree(self) -> Path:
        return self.base / "work tree"

    def run(
        self, command: list[str], cwd: Path, key: str | None
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.pathsep.join([str(self.base / "bin"), os.environ["PATH"]]),
            "HOME": str(self.base / "home"),
            "CI": "true",
        }
        if key is not None:
            environment["SEALEDFILES_KEY"] = key
        return subprocess.run(
            ["sh", "-c", 'exec "$@" <&-', "sh", *command],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            start_new_session=True,
        )

    def github(self, task: str, key: str | None) -> subprocess.CompletedProcess[str]:
        [step] = [step for step in steps(task) if "run" in step and "Install" not in step["name"]]
        assert step["env"] == {"SEALEDFILES_KEY": "${{ secrets.SEALEDFILES_KEY }}"}
        # A secret that is not there is an empty variable.
        return self.script(step["run"], key or "")

    def gitlab(self, task: str, key: str | None) -> subprocess.CompletedProcess[str]:
        return self.script("\n".join(load(GITLAB)[task]["script"]), key)

    def plain(self, task: str, key: str | None) -> subprocess.CompletedProcess[str]:
        command = [*self.shell, str(EXAMPLES / PLAIN), self.server.path.as_uri(), task]
        return self.run(command, self.base, key)

    def script(self, text: str, key: str | None) -> subprocess.CompletedProcess[str]:
        """Check out as the CI system does, before there is sealedfiles or a key, and run *text*."""
        clone = ["git", "clone", "--quiet", self.server.path.as_uri(), str(self.work_tree)]
        done = self.run(clone, self.base, None)
        assert (done.returncode, done.stderr) == (0, "")
        assert "sealed:v1:production:" in (self.work_tree / JSON).read_text()
        file = self.base / "script.sh"
        file.write_text(text)
        return self.run([*self.shell, str(file)], self.work_tree, key)

    def seen(self, what: str) -> str:
        return (self.base / "seen" / what).read_text().removesuffix("\n")

    def assert_nothing_ran(self) -> None:
        assert not (self.base / "seen").exists()

    def assert_nothing_left(self) -> None:
        """Neither a plain value nor the key is anywhere where the job was."""
        assert list((self.base / "home").iterdir()) == []
        for file in self.base.rglob("*"):
            if file.is_file() and file.parent.name != "seen":
                content = file.read_bytes()
                assert self.server.key.encode() not in content, file
                # The commands, which search for the word, spell it otherwise.
                assert SECRET.encode() not in content, file
        if self.work_tree.exists():
            clone = Repo(self.server.alice, self.work_tree)
            assert clone.status() == []
            assert_no_plaintext(clone)


RUNNERS: dict[str, Callable[[Build, str, str | None], subprocess.CompletedProcess[str]]] = {
    GITHUB: Build.github,
    GITLAB: Build.gitlab,
    PLAIN: Build.plain,
}

every_job = pytest.mark.parametrize("name", RUNNERS)
every_task = pytest.mark.parametrize("task", TASKS)


@pytest.fixture(params=SHELLS)
def build(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Build:
    if not shutil.which(request.param):
        if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
            pytest.fail(f"{request.param} is missing")
        pytest.skip(f"{request.param} is missing")
    return Build(server, tmp_path, SHELLS[request.param])


@every_job
@every_task
def test_with_the_key_the_command_sees_production_and_nothing_else(
    build: Build, name: str, task: str
) -> None:
    done = RUNNERS[name](build, task, build.server.key)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert build.seen("command") == f"{task}.sh"

    values = build.seen("values")
    assert f'"pin": "{PRODUCTION}"' in values
    assert values.count(SECRET) == 1, "no value of the default group"
    assert groups(values) == {"default"}
    assert tokens(values), "which are still tokens"
    build.assert_nothing_left()


@every_job
@every_task
def test_the_opened_file_is_private_outside_of_the_repository_and_gone_afterwards(
    build: Build, name: str, task: str
) -> None:
    RUNNERS[name](build, task, build.server.key)
    opened = Path(build.seen("path"))
    assert opened.is_absolute()
    assert Path(build.seen("folder")) not in opened.resolve().parents
    assert build.seen("mode") == "-rw-------"
    assert build.seen("folder mode") == "drwx------"
    assert not opened.parent.exists()
    # While the command ran:
    assert build.seen("status") == ""
    assert build.seen("plain") == ""


@every_job
@every_task
def test_the_command_gets_the_values_and_not_the_key(build: Build, name: str, task: str) -> None:
    RUNNERS[name](build, task, build.server.key)
    assert "SEALEDFILES_KEY" not in build.seen("environment")
    assert build.server.key not in build.seen("environment")
    assert int(build.seen("umask"), 8) == os.umask(os.umask(0o22)), (
        "what it makes has its usual mode"
    )


@every_job
@pytest.mark.parametrize("key", [None, ""], ids=["no-variable", "empty-variable"])
def test_without_a_key_what_needs_no_values_is_skipped_and_says_so(
    build: Build, name: str, key: str | None
) -> None:
    done = RUNNERS[name](build, "smoke-test", key)
    assert done.returncode == 0, done.stderr
    assert SKIPPED in done.stdout
    build.assert_nothing_ran()
    build.assert_nothing_left()


@every_job
@pytest.mark.parametrize("key", [None, ""], ids=["no-variable", "empty-variable"])
def test_without_a_key_what_needs_values_exits_3_and_says_what_is_missing(
    build: Build, name: str, key: str | None
) -> None:
    done = RUNNERS[name](build, "deploy", key)
    assert done.returncode == 3
    assert f"{JSON}: the values of the group production stay sealed" in done.stderr
    assert "not set: SEALEDFILES_KEY" in done.stderr
    assert "readers of production who can grant access: alice, ci" in done.stderr
    build.assert_nothing_ran()
    build.assert_nothing_left()


@every_job
@every_task
def test_a_key_that_opens_nothing_is_not_taken_for_a_build_without_one(
    build: Build, name: str, task: str, tmp_path: Path
) -> None:
    stranger = Person.at(tmp_path / "elsewhere" / "mallory")
    stranger.keygen()
    done = RUNNERS[name](build, task, stranger.identities.read_text())
    assert done.returncode == 3
    assert SKIPPED not in done.stdout
    assert "the values of the group production stay sealed: no key for the group" in done.stderr
    build.assert_nothing_ran()
    build.assert_nothing_left()


@every_job
def test_a_key_of_another_group_is_not_enough(build: Build, name: str, world: World) -> None:
    done = RUNNERS[name](build, "deploy", world.bob.identities.read_text())
    assert done.returncode == 3
    assert "the values of the group production stay sealed: no key for the group" in done.stderr
    build.assert_nothing_ran()
    build.assert_nothing_left()


@every_job
@every_task
def test_a_command_that_fails_fails_the_job_and_leaves_nothing(
    build: Build, name: str, task: str
) -> None:
    (build.base / "seen").mkdir()
    done = RUNNERS[name](build, task, build.server.key)
    assert done.returncode not in (0, 3), "mkdir of the command failed"
    build.assert_nothing_left()


@every_task
def test_on_github_the_checkout_comes_first_and_one_step_has_the_key(task: str) -> None:
    checkout, python, install, command = steps(task)
    assert checkout["uses"] == "actions/checkout@v4"
    assert python["uses"] == "actions/setup-python@v5"
    assert "-m venv" in install["run"]
    assert "install sealedfiles" in install["run"]
    assert "SEALEDFILES_KEY" not in str([checkout, python, install])
    assert "SEALEDFILES_KEY" in command["env"]


def test_on_github_forks_get_no_key() -> None:
    # YAML 1.1 takes the word "on" for true.
    assert set(load(GITHUB)[True]) == {"push", "pull_request"}


@every_task
def test_on_gitlab_sealedfiles_is_installed_after_the_checkout(task: str) -> None:
    jobs = load(GITLAB)
    install = "\n".join(jobs[jobs[task]["extends"]]["before_script"])
    assert "-m venv" in install
    assert "install sealedfiles" in install
    assert "SEALEDFILES_KEY" not in install


@pytest.mark.parametrize("arguments", [[], ["."], [".", "delete"]])
def test_a_wrong_call_of_the_plain_job_says_how(arguments: list[str]) -> None:
    done = subprocess.run(
        ["sh", str(EXAMPLES / PLAIN), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "usage: sh job.sh REPOSITORY smoke-test|deploy" in done.stderr
