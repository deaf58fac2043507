"""The hook files: where they are written, what they call, and which existing hooks they leave unchanged."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from people import ENV, YAML, Installation, Person, Repo, program

from sealedfiles.git import hooks
from sealedfiles.git.repository import find_repository
from sealedfiles.util import atomic

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the hooks here are for a POSIX shell"),
    pytest.mark.many_variants,
]

CHECKING = ["pre-commit", "pre-merge-commit", "pre-push"]
HOOKS = [*CHECKING, "post-checkout", "post-merge"]
every_hook = pytest.mark.parametrize("name", CHECKING)

FOREIGN = """\
#!/bin/sh
# Somebody's own hook.
{ echo "called as $0 with $*"; cat; } >>"$(dirname "$0")/log"
exit ${HOOK_STATUS:-0}
"""


@dataclass
class Place(Repo):
    """A repository with a server, in which sealedfiles is not set up."""

    def hook(self, name: str) -> Path:
        said = self.stderr
        path = self.folder("hooks") / name
        self.stderr = said
        return path

    def put(self, name: str, text: str = FOREIGN, mode: int = 0o755) -> Path:
        path = self.hook(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def log(self) -> str:
        path = self.hook("log")
        return path.read_text() if path.exists() else ""

    def trigger(self, name: str, code: int = 0) -> None:
        """Run the git command that runs a hook."""
        if name == "pre-merge-commit":
            self.git("merge", "--no-ff", "--no-edit", "side", code=code)
        elif name == "pre-push":
            self.git("push", "origin", "HEAD:main", code=code)
        else:
            self.git("commit", "--allow-empty", "-m", "x", code=code)

    def install(self, code: int = 0) -> str:
        self.sealedfiles("hook", "install", code=code)
        return self.stderr


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Place:
    base = tmp_path_factory.mktemp("hooks")
    alice = Person.at(base / "alice")
    repo = alice.repository(base / "repository")
    shutil.rmtree(repo.path / ".git/hooks")
    repo.write("file", "1\n")
    repo.commit("first")
    repo.git("switch", "--quiet", "--create", "side")
    repo.write("other", "2\n")
    repo.commit("second")
    repo.git("switch", "--quiet", "main")
    return Place(alice, repo.path)


@pytest.fixture
def place(template: Place, tmp_path: Path) -> Place:
    path = tmp_path / "Größe & Co's" / "my 100%  $app"
    shutil.copytree(template.path, path)
    home = tmp_path / "home"
    shutil.copytree(template.person.home, home)
    made = Place(Person("alice", home), path)
    made.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    made.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return made


def ours(path: Path) -> bool:
    return path.is_file() and "# sealedfiles hook " in path.read_text()


def snapshot(folder: Path) -> dict[str, tuple[int, object]]:
    """Return everything in a folder, with modes."""
    return {
        path.name: (
            path.lstat().st_mode,
            os.readlink(path) if path.is_symlink() else path.read_bytes(),
        )
        for path in folder.iterdir()
    }


# -- writing and taking away


def test_install_writes_programs_for_the_shell_and_says_where(place: Place) -> None:
    said = place.install()
    for name in HOOKS:
        path = place.hook(name)
        assert path.read_text().startswith("#!/bin/sh\n# sealedfiles hook ")
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
        assert name in said
    assert str(place.path / ".git/hooks") in said


def test_a_second_time_nothing_changes(place: Place) -> None:
    place.put("pre-push")
    place.install()
    before = snapshot(place.path / ".git/hooks")
    assert "installed the hooks" in place.install()
    assert snapshot(place.path / ".git/hooks") == before


def test_uninstall_restores_exactly_what_was_there(place: Place) -> None:
    folder = place.path / ".git/hooks"
    place.put("pre-push", "#!/usr/bin/env python3\nprint()\n", 0o750)
    place.put("pre-commit", "#!/bin/sh\nexit 3\n", 0o644)
    (folder / "pre-merge-commit").symlink_to("../../scripts/check")
    place.put("commit-msg", "#!/bin/sh\n")
    before = snapshot(folder)
    for _ in range(2):
        place.install()
        assert snapshot(folder) != before
    place.sealedfiles("hook", "uninstall")
    assert snapshot(folder) == before


def test_uninstall_where_there_is_nothing_changes_nothing(place: Place) -> None:
    place.sealedfiles("hook", "uninstall")
    assert "no sealedfiles hooks are installed in this clone" in place.stderr


def test_a_text_that_we_wrote_earlier_is_replaced(place: Place, tmp_path: Path) -> None:
    moved = tmp_path / "old environment" / "sealedfiles"
    moved.parent.mkdir()
    moved.symlink_to(program()[0])
    place.raw(str(moved), "hook", "install")
    older = place.hook("pre-commit").read_text()
    assert str(moved) in older
    place.install()
    assert ours(place.hook("pre-commit"))
    assert str(moved) not in place.hook("pre-commit").read_text()


def test_a_text_of_ours_that_was_changed_by_hand_is_kept(place: Place) -> None:
    place.install()
    texts = {name: place.hook(name).read_text() for name in HOOKS}
    changed = {
        "pre-commit": texts["pre-commit"] + "echo mine\n",
        "pre-merge-commit": re.sub(".*hook run.*\n", "", texts["pre-merge-commit"]),
    }
    for name, text in changed.items():
        place.put(name, text)
    said = place.install(code=1)
    assert (
        f"{place.hook('pre-merge-commit')} was left unchanged: it was edited after it was installed"
        in said
    )
    place.sealedfiles("hook", "uninstall", code=1)
    said = place.stderr
    for name, text in changed.items():
        assert place.hook(name).read_text() == text
        assert f"{place.hook(name)} was left" in said
    assert not place.hook("pre-push").exists()


def test_a_bit_that_is_lost_is_set_again(place: Place) -> None:
    place.install()
    place.hook("pre-commit").chmod(0o644)
    place.install()
    assert os.access(place.hook("pre-commit"), os.X_OK)


def test_outside_of_git_there_are_no_hooks(alice_at_home: Person) -> None:
    _, stderr = alice_at_home.run([*program(), "hook", "install"], alice_at_home.home, code=2)
    assert "git repository" in stderr


@pytest.fixture
def alice_at_home(tmp_path: Path) -> Person:
    return Person.at(tmp_path / "alice")


# -- the hook that was there before


@every_hook
def test_a_hook_that_was_there_sees_what_it_saw_before(place: Place, name: str) -> None:
    place.put(name)
    place.trigger(name)
    before = place.log().replace(name, "NAME")
    assert before
    place.hook("log").unlink()
    place.git("reset", "--quiet", "--hard", "main@{1}" if name != "pre-push" else "main")
    place.git("update-ref", "-d", "refs/remotes/origin/main")
    place.person.run(
        ["git", "update-ref", "-d", "refs/heads/main"], place.path.parent.parent / "origin.git"
    )

    place.install()
    place.trigger(name)
    after = place.log().replace(f"{name}.before-sealedfiles", "NAME")
    assert after == before


@every_hook
def test_its_exit_status_counts(place: Place, name: str) -> None:
    place.put(name)
    place.install()
    refusing = Place(place.person.having(HOOK_STATUS="3"), place.path)
    refusing.trigger(name, code=1)
    assert "called as" in place.log()
    place.git("merge", "--abort", code=None)
    place.trigger(name)


def test_one_that_git_did_not_run_is_not_run_now(place: Place) -> None:
    place.put("pre-commit", mode=0o644)
    place.install()
    place.trigger("pre-commit")
    assert place.log() == ""


def test_one_that_does_not_read_what_is_pushed_does_no_harm(place: Place) -> None:
    place.put("pre-push", "#!/bin/sh\nexec true\n")
    place.install()
    for number in range(100):
        place.git("update-ref", f"refs/heads/branch-{number}", "HEAD")
    place.git("push", "--quiet", "--all", "origin")


def test_a_link_to_a_script_of_the_repository_continues_to_work(place: Place) -> None:
    script = place.path / "scripts/hook"
    script.parent.mkdir()
    script.write_text(FOREIGN)
    script.chmod(0o755)
    place.hook("x").parent.mkdir()
    place.hook("pre-commit").symlink_to("../../scripts/hook")
    place.install()
    place.trigger("pre-commit")
    assert "called as" in place.log()
    place.sealedfiles("hook", "uninstall")
    assert place.hook("pre-commit").is_symlink()
    assert script.read_text() == FOREIGN


def test_one_that_asks_for_its_name_is_not_renamed(place: Place) -> None:
    texts = [
        '#!/bin/sh\nexec run-all "$(basename "$0")"\n',
        "#!/usr/bin/env ruby\nrun File.basename($0)\n",
        '#!/bin/sh\nexec run-all "${0##*/}"\n',
    ]
    for name, text in zip(CHECKING, texts, strict=True):
        place.put(name, text)
    said = place.install(code=1)
    for name, text in zip(CHECKING, texts, strict=True):
        assert place.hook(name).read_text() == text
        assert f'sealedfiles hook run {name} "$@" || exit' in said


def test_a_second_foreign_hook_does_not_push_the_first_one_out(place: Place) -> None:
    first = FOREIGN
    place.put("pre-commit", first)
    place.install()
    place.hook("pre-commit").unlink()
    place.put("pre-commit", "#!/bin/sh\nexit 0\n")
    said = place.install(code=1)
    assert "pre-commit.before-sealedfiles" in said
    assert place.hook("pre-commit").read_text() == "#!/bin/sh\nexit 0\n"
    assert place.hook("pre-commit.before-sealedfiles").read_text() == first


def test_a_hook_that_overwrites_ours_is_kept_again(place: Place) -> None:
    place.put("pre-commit")
    for _ in range(2):
        place.install()
        place.hook("pre-commit").unlink()
        place.put("pre-commit")
    place.install()
    place.trigger("pre-commit")
    assert place.log().count("called as") == 1


def test_one_that_cannot_be_replaced_goes_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("pre-commit")
    before = snapshot(place.path / ".git/hooks")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on the device")

    monkeypatch.setattr(atomic, "replace", full)
    repository = find_repository(place.path)
    assert repository is not None
    with pytest.raises(OSError, match="no space"):
        hooks.install(repository)
    assert snapshot(place.path / ".git/hooks") == before


def test_one_that_calls_us_already_is_in_place(place: Place) -> None:
    text = '#!/bin/sh\nmake lint\nsealedfiles hook run pre-commit "$@" || exit\n'
    place.put("pre-commit", text)
    place.install()
    assert place.hook("pre-commit").read_text() == text
    place.put("pre-commit", text.replace("sealedfiles", "# sealedfiles"))
    place.install()
    assert ours(place.hook("pre-commit"))


# -- where git looks for hooks


@pytest.mark.parametrize(
    "path",
    [
        "hooks of mine",
        "{home}/shared hooks",
        "~/hooks",
        ".git/other/hooks",
    ],
)
def test_git_s_own_setting_says_where(place: Place, path: str) -> None:
    scope = "--global" if path.startswith("~") else "--local"
    place.git("config", scope, "core.hooksPath", path.format(home=place.person.home))
    place.write(".git/info/exclude", "hooks of mine/\n")
    place.install()
    folder = Path(path.format(home=place.person.home).replace("~", str(place.person.home)))
    for name in HOOKS:
        assert ours(place.path / folder / name)
    assert not (place.path / ".git/hooks").exists()
    place.put("pre-commit.before-sealedfiles")
    place.trigger("pre-commit")
    assert "called as" in place.log(), "git runs it"
    place.hook("pre-commit.before-sealedfiles").unlink()
    place.sealedfiles("hook", "uninstall")
    assert not any(ours(path) for path in (place.path / folder).iterdir())


def test_where_hooks_are_turned_off_they_stay_so(place: Place) -> None:
    place.git("config", "core.hooksPath", "/dev/null")
    assert "hooks are disabled" in place.install(code=1)
    place.sealedfiles("init", "--name", "alice")
    assert "git takes" not in place.stderr
    assert "hooks are disabled" not in place.stderr


def test_worktrees_share_them(place: Place, tmp_path: Path) -> None:
    other = Place(place.person, tmp_path / "other worktree")
    place.git("worktree", "add", "--quiet", "--detach", str(other.path))
    other.install()
    assert ours(place.path / ".git/hooks/pre-commit")
    other.trigger("pre-commit")
    assert "installed the hooks" in place.install()


def test_a_submodule_has_its_own(place: Place, template: Place) -> None:
    place.git("submodule", "--quiet", "add", str(template.path), "sub")
    sub = Place(place.person, place.path / "sub")
    sub.install()
    assert ours(place.path / ".git/modules/sub/hooks/pre-commit")
    assert not ours(place.path / ".git/hooks/pre-commit")
    sub.git("commit", "--quiet", "--allow-empty", "--message", "x")


def test_into_a_folder_that_the_repository_brings_nothing_is_written(place: Place) -> None:
    place.write(".githooks/pre-commit", "#!/bin/sh\nexit 0\n")
    (place.path / ".githooks/pre-commit").chmod(0o755)
    place.commit("our hooks")
    place.git("config", "core.hooksPath", ".githooks")
    said = place.install(code=1)
    assert place.status() == []
    for name in HOOKS:
        assert (
            f'.githooks/{name}, before any `exec` or `exit`: sealedfiles hook run {name} "$@"'
            in said
        )

    for name in HOOKS:
        place.write(f".githooks/{name}", f'#!/bin/sh\nsealedfiles hook run {name} "$@" || exit\n')
    assert "installed the hooks" in place.install()
    place.sealedfiles("hook", "uninstall", code=1)
    assert ".githooks/pre-push was left" in place.stderr


# -- programs that keep hooks


def test_husky_s_own_files_are_left_and_the_line_goes_into_yours(place: Place) -> None:
    for name in ("h", *HOOKS):
        place.write(f".husky/_/{name}", '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
    place.write(".husky/_/.gitignore", "*")
    place.git("config", "core.hooksPath", ".husky/_")
    before = snapshot(place.path / ".husky/_")
    said = place.install(code=1)
    assert ".husky/pre-commit, before" in said
    assert snapshot(place.path / ".husky/_") == before
    for name in HOOKS:
        place.write(f".husky/{name}", f'sealedfiles hook run {name} "$@"\n')
    assert "installed the hooks" in place.install()


def test_lefthook_rewrites_its_hooks_so_the_command_goes_into_its_file(place: Place) -> None:
    text = (
        '#!/bin/sh\ncall_lefthook()\n{\n  lefthook "$@"\n}\ncall_lefthook run "pre-commit" "$@"\n'
    )
    place.put("pre-commit", text)
    said = place.install(code=1)
    assert "lefthook.yml: sealedfiles hook run pre-commit" in said
    assert place.hook("pre-commit").read_text() == text
    assert ours(place.hook("pre-push"))
    place.write(
        "lefthook.yml",
        "pre-commit:\n  commands:\n    sealed:\n      run: sealedfiles hook run pre-commit\n",
    )
    assert "installed the hooks" in place.install()


# -- when the program is gone


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "installation")


@pytest.mark.parametrize(
    ("name", "missing"),
    [("pre-commit", "program"), ("pre-merge-commit", "interpreter"), ("pre-push", "program")],
)
def test_a_hook_whose_program_is_missing_explains_how_to_continue(
    place: Place, installation: Installation, name: str, missing: str
) -> None:
    place.raw(str(installation.program), "hook", "install")
    installation.lose(missing)
    lost = Place(place.person.having(PATH="/usr/bin:/bin"), place.path)
    lost.trigger(name, code=1)
    said = lost.stderr
    assert f"sealedfiles: error: {installation.program} is missing" in said
    assert "so the check for plaintext did not run" in said
    assert "sealedfiles hook install" in said
    assert f"{name.split('-')[1]} --no-verify" in said
    lost.git("merge", "--abort", code=None)

    remedy = next(line for line in said.split("\n") if "to remove the hook" in line)
    lost.raw("sh", "-c", remedy.partition("to remove the hook: ")[2])
    lost.trigger(name)


def test_another_installation_on_the_path_takes_over(
    place: Place, installation: Installation
) -> None:
    place.raw(str(installation.program), "hook", "install")
    installation.lose("program")
    place.trigger("pre-commit")


def test_a_broken_one_on_the_path_is_not_tried_again(
    place: Place, installation: Installation
) -> None:
    place.raw(str(installation.program), "hook", "install")
    installation.lose("interpreter")
    path = f"{installation.program.parent}:/usr/bin:/bin"
    lost = Place(place.person.having(PATH=path), place.path)
    lost.trigger("pre-commit", code=1)
    assert "is missing or does not start" in lost.stderr


# -- the pre-commit framework, for real


@pytest.fixture(scope="session")
def pre_commit() -> str:
    """The path of the pre-commit program."""
    beside = Path(sys.executable).with_name("pre-commit")
    found = shutil.which(str(beside)) or shutil.which("pre-commit")
    return found or missing("pre-commit is missing: pip install pre-commit")


def missing(what: str) -> str:
    if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"{what} (and SEALEDFILES_REQUIRE_REAL_PARTS is 1)")
    return pytest.skip(what)


THEIRS = """\
repos:
  - repo: local
    hooks:
      - id: theirs
        name: theirs
        language: system
        entry: sh -c 'echo theirs >>.git/theirs'
        always_run: true
        pass_filenames: false
        stages: [pre-commit, pre-push]
"""


def assert_both_run(place: Place, name: str) -> None:
    """Check that both hooks run once; the sealedfiles hook reports that its program is missing."""
    place.write(".git/theirs", "")
    place.trigger(name)
    assert place.read(".git/theirs") == "theirs\n"
    lost = Place(place.person.having(PATH="/usr/bin:/bin"), place.path)
    lost.trigger(name, code=1)
    assert lost.stderr.count("so the check for plaintext did not run") == 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "first"), [("pre-commit", "ours"), ("pre-push", "theirs")])
def test_pre_commit_and_our_hooks_both_run_in_any_order_of_installation(
    place: Place, pre_commit: str, tmp_path: Path, name: str, first: str
) -> None:
    place.write(".pre-commit-config.yaml", THEIRS)
    place.commit("pre-commit")
    installation = Installation(tmp_path / "installation")
    install_ours = [str(installation.program), "hook", "install"]
    install_theirs = [pre_commit, "install", "--hook-type", name]
    if first == "ours":
        place.put(name)
        place.raw(*install_ours)
    place.raw(*install_theirs)
    before = snapshot(place.path / ".git/hooks")
    for _ in range(2):
        place.raw(*install_ours)
        place.raw(*install_theirs)
    installation.lose("program")
    assert_both_run(place, name)
    assert ("called as" in place.log()) == (first == "ours"), "the one from before them all"

    if first == "theirs":
        place.sealedfiles("hook", "uninstall")
        assert snapshot(place.path / ".git/hooks") == before
        place.trigger(name)
    else:
        place.raw(pre_commit, "uninstall", "--hook-type", name)
        assert ours(place.hook(name)), "theirs put ours back"
        place.sealedfiles("hook", "uninstall")
        assert place.hook(name).read_text() == FOREIGN


@pytest.fixture
def published(template: Place, tmp_path: Path) -> Repo:
    """The repository that pre-commit clones: the current state of this project in one commit."""
    top = Path(__file__).parents[2]
    copy = tmp_path / "published"
    shutil.copytree(top / "sealedfiles", copy / "sealedfiles", ignore=lambda *_: ["__pycache__"])
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(top / name, copy)
    repo = Repo(template.person, copy)
    repo.git("init", "--quiet")
    repo.commit("published")
    return repo


@pytest.mark.slow
def test_pre_commit_installs_our_hooks_from_this_repository(
    repo: Repo, origin: Path, published: Repo, pre_commit: str, tmp_path: Path
) -> None:
    network = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_", "REQUESTS_"))}
    network |= {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
    cache = str(tmp_path / "cache")
    repo = Repo(repo.person.having(PRE_COMMIT_HOME=cache, **network), repo.path)
    repo.git("remote", "add", "origin", str(origin))
    repo.git("fetch", "--quiet", "origin")
    repo.write(
        ".pre-commit-config.yaml",
        f"repos:\n  - repo: {published.path}\n    rev: {published.head()}\n    hooks:\n"
        "      - id: sealedfiles-check\n      - id: sealedfiles-check-push\n",
    )
    repo.git("add", ".pre-commit-config.yaml")
    types = [f"--hook-type={name}" for name in CHECKING]
    output = repo.raw(pre_commit, "install", "--install-hooks", *types, code=None).decode()
    if "An unexpected error" in output:
        missing(f"pre-commit could not install our hooks, maybe for want of a network:\n{output}")

    # pre-commit takes unstaged changes away while its hooks run, and puts them back.
    repo.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-gamma")
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.git("add", ENV)
    repo.git("commit", "--message", "sealed")
    assert "no plaintext that should be sealed" in repo.stderr
    assert "s3cr3t-db-gamma" in repo.read(YAML)
    repo.git("checkout", "--quiet", "--", YAML)
    assert "no plaintext in what is pushed" in repo.git("push", "origin", "main")

    plain = repo.git(
        "hash-object", "-w", "--no-filters", "--stdin", answers="A=1\nB=s3cr3t-leaked\n"
    )
    repo.git("update-index", "--cacheinfo", f"100644,{plain.strip()},{ENV}")
    repo.git("commit", "--message", "leaked", code=1)
    assert f"{ENV}:2" in repo.stderr
    assert "s3cr3t-leaked" not in repo.stderr
    repo.git("commit", "--quiet", "--no-verify", "--message", "leaked")
    for refspec in ("main", "main:refs/heads/new"):
        assert f"{ENV}:2" in repo.git("push", "origin", refspec, code=1)
