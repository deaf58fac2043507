"""edit: the user's editor changes the plaintext, and only edited values change."""

from __future__ import annotations

import shlex
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from age.programs import program as real_program
from desk import Desk
from people import (
    ENV,
    FILES,
    SECRET,
    YAML,
    Person,
    Repo,
    assert_no_plaintext,
    assert_one_token_changed,
    every_file,
    every_file_and_reader,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGE = 'sed -i.bak s/s3cr3t-db-alpha/s3cr3t-db-beta/ "$1"'


def changed_lines(before: str, after: str) -> list[str]:
    old, new = before.split("\n"), after.split("\n")
    assert len(old) == len(new)
    return [b for a, b in zip(old, new, strict=True) if a != b]


@pytest.mark.many_variants
@every_file_and_reader
def test_a_sealed_file_stays_sealed_and_one_line_of_it_changes(desk: Desk, path: str) -> None:
    desk.repo.sealedfiles("seal", path)
    before = desk.repo.read(path)
    assert desk.edit(path, CHANGE) == ""
    after = desk.repo.read(path)
    assert SECRET not in after
    assert len(changed_lines(before, after)) == 1
    assert_one_token_changed(tokens(before), tokens(after))
    assert "s3cr3t-db-beta" in desk.repo.sealedfiles("cat", path)
    desk.assert_tidy()


@pytest.mark.many_variants
@every_file_and_reader
def test_a_decrypted_file_stays_decrypted_and_git_sees_one_line(desk: Desk, path: str) -> None:
    before = desk.repo.read(path)
    assert desk.edit(path, CHANGE) == ""
    assert desk.repo.read(path) == before.replace("s3cr3t-db-alpha", "s3cr3t-db-beta")
    desk.repo.git("add", path)
    assert_one_token_changed(desk.repo.tokens("HEAD", path), desk.repo.tokens("", path))
    assert_no_plaintext(desk.repo)
    desk.assert_tidy()


@every_file
def test_outside_of_git_it_is_the_same(desk: Desk, path: str, tmp_path: Path) -> None:
    folder = tmp_path / "deployed"
    shutil.copytree(desk.repo.path / ".sealedfiles", folder / ".sealedfiles")
    (folder / path).parent.mkdir(exist_ok=True)
    sealed = desk.repo.blob("HEAD", path)
    (folder / path).write_bytes(sealed)
    desk.repo = Repo(desk.repo.person, folder)
    desk.edit(path, CHANGE)
    assert_one_token_changed(tokens(sealed.decode()), tokens(desk.repo.read(path)))
    desk.repo.sealedfiles("unseal", path)
    desk.edit(path, 'sed -i.bak s/s3cr3t-db-beta/s3cr3t-db-gamma/ "$1"')
    assert "s3cr3t-db-gamma" in desk.repo.read(path), "what lies open stays open"


def test_in_a_clone_without_the_filter_and_with_a_named_key(
    desk: Desk, origin: Path, tmp_path: Path
) -> None:
    key = desk.repo.person.identities.rename(tmp_path / "key")
    clone = desk.repo.person.clone(origin, tmp_path / "ci")
    desk.repo = Repo(clone.person.having(EDITOR=desk.editor(CHANGE)), clone.path)
    desk.repo.sealedfiles("edit", "--identity", str(key), YAML)
    assert_one_token_changed(desk.repo.tokens("HEAD", YAML), tokens(desk.repo.read(YAML)))


def test_the_editor_gets_the_plaintext_under_its_name_where_nobody_else_can_look(
    desk: Desk, tmp_path: Path
) -> None:
    desk.repo.sealedfiles("seal", YAML)
    look = (
        f'cp "$1" \'{tmp_path}/seen\'; ls -ld "$1" "${{1%/*}}" "${{1%/*/*}}" > \'{tmp_path}/modes\''
    )
    desk.edit(YAML, f"{look}; echo \"$1\" > '{tmp_path}/name'")
    assert (tmp_path / "seen").read_text() == FILES[YAML]
    name = (tmp_path / "name").read_text().strip()
    assert name.endswith("/app.yaml")
    assert name.startswith(str(desk.memory))
    modes = [
        line.split()[0].rstrip("+@.") for line in (tmp_path / "modes").read_text().splitlines()
    ]
    assert sorted(modes) == ["-rw-------", "drwx------", "drwx------"]


def test_where_there_is_no_memory_it_says_that_the_text_lies_on_the_disk(
    desk: Desk, tmp_path: Path
) -> None:
    told = desk.having(XDG_RUNTIME_DIR=str(tmp_path)).edit(ENV, "true")
    assert ("on disk" in told) == (not Path("/dev/shm").exists())


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("true", id="only-looks"),
        pytest.param('cp "$1" "$1.new" && mv "$1.new" "$1"', id="saves-the-same"),
        pytest.param('touch "$1"', id="touches-it"),
    ],
)
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "open"])
def test_when_nothing_changed_the_file_is_not_touched(
    desk: Desk, script: str, sealed: bool
) -> None:
    if sealed:
        desk.repo.sealedfiles("seal", ENV)
    before = (desk.repo.path / ENV).stat()
    assert desk.edit(ENV, script) == f"sealedfiles: {ENV}: no changes\n"
    after = (desk.repo.path / ENV).stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert desk.recoveries() == []
    desk.assert_tidy()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            'sed s/db-alpha/db-beta/ "$1" > "$1~" && mv "$1~" "$1"', id="a-new-inode-as-vim"
        ),
        pytest.param(
            'cp "$1" "$1~"; sed s/db-alpha/db-beta/ "$1~" > "$1"; echo s3cr3t > "${1%/*}/.app.yaml.swp";'
            'mkdir "${1%/*}/undo"; echo s3cr3t > "${1%/*}/undo/1"',
            id="leaves-backups-and-swap-files",
        ),
        pytest.param(
            'd="${1%/*}"; sed s/db-alpha/db-beta/ "$1" > "$d/x"; rm "$1"; ln -s x "$1"',
            id="leaves-a-link",
        ),
        pytest.param('chmod 444 "$1"; chmod 644 "$1"; ' + CHANGE, id="changes-the-mode"),
    ],
)
def test_any_way_of_saving_works(desk: Desk, script: str) -> None:
    mode = (desk.repo.path / YAML).stat().st_mode
    desk.edit(YAML, script)
    assert desk.repo.read(YAML) == FILES[YAML].replace("db-alpha", "db-beta")
    assert (desk.repo.path / YAML).stat().st_mode == mode
    desk.assert_tidy()


def test_a_mode_of_the_file_is_kept(desk: Desk) -> None:
    (desk.repo.path / ENV).chmod(0o640)
    desk.edit(ENV, CHANGE)
    assert stat.S_IMODE((desk.repo.path / ENV).stat().st_mode) == 0o640


def test_a_new_file_begins_sealed_or_open_as_its_neighbours(desk: Desk) -> None:
    assert "created secrets/new.yaml" in desk.edit("secrets/new.yaml", 'echo "a: s3cr3t" > "$1"')
    assert desk.repo.read("secrets/new.yaml") == "a: s3cr3t\n", "git's filter seals it"
    desk.edit("elsewhere.yaml", 'echo "a: s3cr3t" > "$1"')
    assert SECRET not in desk.repo.read("elsewhere.yaml"), "no filter would"
    desk.repo.git("add", "-A")
    assert_no_plaintext(desk.repo)


@pytest.mark.parametrize("path", [".gitignore", ".sealedfiles/recipients/carol.pub"])
def test_files_of_git_and_of_sealedfiles_itself_are_never_sealed(desk: Desk, path: str) -> None:
    desk.edit(path, 'echo "for everybody" > "$1"')
    assert desk.repo.read(path) == "for everybody\n"


def test_a_new_file_that_stays_empty_is_not_created(desk: Desk) -> None:
    told = desk.edit("secrets/new.yaml", "true")
    assert "secrets/new.yaml: no changes" in told
    assert not (desk.repo.path / "secrets/new.yaml").exists()


def test_a_new_file_needs_its_folder(desk: Desk) -> None:
    told = desk.edit("no/such/new.yaml", 'echo "a: 1" > "$1"', code=2)
    assert "mkdir -p no/such" in told
    desk.assert_tidy()


def test_a_file_that_is_sealed_whole_can_be_edited(desk: Desk) -> None:
    desk.repo.write("key.pem", b"-----BEGIN-----\ns3cr3t\x00\xff\n")
    desk.repo.sealedfiles("seal", "key.pem")
    desk.edit("key.pem", 'printf "more\\377\\n" >> "$1"')
    assert len(tokens(desk.repo.read("key.pem"))) == 1
    desk.repo.sealedfiles("unseal", "key.pem")
    assert desk.repo.read_bytes("key.pem") == b"-----BEGIN-----\ns3cr3t\x00\xff\nmore\xff\n"


def test_a_template_that_never_parsed_can_be_edited(desk: Desk) -> None:
    desk.repo.write("secrets/chart.yaml", "{{ if x }}\na: s3cr3t\n{{ end }}\n")
    desk.repo.sealedfiles("seal", "secrets/chart.yaml")
    desk.edit("secrets/chart.yaml", 'sed -i.bak s/s3cr3t/s3cr3t-new/ "$1"')
    assert "a: s3cr3t-new\n" in desk.repo.sealedfiles("cat", "secrets/chart.yaml")


def test_without_a_key_the_editor_is_not_started(origin: Path, tmp_path: Path) -> None:
    nobody = Person.at(tmp_path / "nobody").having(EDITOR=f"touch {tmp_path}/opened")
    clone = nobody.clone(origin, tmp_path / "clone")
    clone.sealedfiles("edit", ENV, code=3)
    assert "no key" in clone.stderr
    assert "alice" in clone.stderr
    assert not (tmp_path / "opened").exists()


# -- which editor


@pytest.fixture
def names(desk: Desk, tmp_path: Path) -> Callable[[str], str]:
    """Create editors that record their names and arguments."""

    def make(name: str) -> str:
        return shlex.quote(desk.editor(f'echo {name} "$@" >> {shlex.quote(str(tmp_path))}/called'))

    return make


def test_the_first_variable_that_is_set_is_used(
    desk: Desk, names: Callable[[str], str], tmp_path: Path
) -> None:
    desk.repo.git("config", "core.editor", names("core.editor"))
    variables = {"GIT_EDITOR": "", "EDITOR": " "}
    expected = ["core.editor"]
    for name in ("GIT_EDITOR", "EDITOR", "VISUAL", "SEALEDFILES_EDITOR"):
        desk.having(**variables).repo.sealedfiles("edit", ENV)
        variables[name] = names(name)
        expected.append(name)
    desk.having(**variables).repo.sealedfiles("edit", ENV)
    called = (tmp_path / "called").read_text().splitlines()
    assert [line.split()[0] for line in called] == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--wait -n", "--wait -n"),
        ("'two words' \"$HOME_NAME\"", "two words at home"),
    ],
)
def test_arguments_and_quotes_are_read_by_a_shell(
    desk: Desk, names: Callable[[str], str], tmp_path: Path, arguments: str, expected: str
) -> None:
    editor = f"{names('ed')} {arguments}"
    desk.having(EDITOR=editor, HOME_NAME="at home").repo.sealedfiles("edit", ENV)
    called = (tmp_path / "called").read_text().split()
    assert " ".join(called[1:]).startswith(expected)


@pytest.mark.parametrize("editor", [":", "true", "A=1 true", "true; true"])
def test_a_command_is_whatever_a_shell_runs(desk: Desk, editor: str) -> None:
    told = desk.having(EDITOR=editor)
    told.repo.sealedfiles("edit", ENV)
    assert told.repo.stderr == f"sealedfiles: {ENV}: no changes\n"


def test_a_path_with_blanks_needs_no_quotes(desk: Desk) -> None:
    editor = desk.editor(CHANGE)
    assert " " in editor
    desk.having(EDITOR=editor).repo.sealedfiles("edit", ENV)
    assert "s3cr3t-db-beta" in desk.repo.read(ENV)


@pytest.mark.parametrize("editor", ["no-such-editor", "no-such-editor --wait", "/no/such/editor"])
def test_an_editor_that_does_not_exist_is_named_with_where_it_came_from(
    desk: Desk, editor: str
) -> None:
    told = desk.having(VISUAL=editor)
    told.repo.sealedfiles("edit", ENV, code=1)
    assert f"the editor {editor} (VISUAL) was not found" in told.repo.stderr
    desk.assert_tidy()


def test_without_editor_and_terminal_it_says_how_to_set_one(desk: Desk) -> None:
    told = desk.having(EDITOR="", GIT_EDITOR="")
    told.repo.sealedfiles("edit", ENV, code=1)
    assert "export VISUAL=" in told.repo.stderr


@pytest.mark.parametrize(("options", "is_told"), [("", True), ("--wait", False), ("-n -w", False)])
def test_a_graphical_editor_is_started_so_that_it_waits(
    desk: Desk, options: str, is_told: bool
) -> None:
    folder = desk.scripts / "bin"
    folder.mkdir()
    Path(desk.editor("true")).rename(folder / "code")
    path = f"{folder}:{desk.repo.person.environment()['PATH']}"
    told = desk.having(PATH=path, VISUAL=f"code {options}".strip())
    told.repo.sealedfiles("edit", ENV)
    hint = "hint: make it wait: export VISUAL='code --wait'"
    assert (hint in told.repo.stderr) == is_told


def test_vim_leaves_nothing_behind_whatever_its_settings(desk: Desk) -> None:
    """A deleted line in vim's memory or undo file would stay in the home directory permanently."""
    real_program("vim")
    home = desk.repo.person.home
    (home / ".vim").mkdir()
    places = " ".join(f"{name}=$HOME/.vim" for name in ("undodir", "backupdir", "directory"))
    (home / ".vimrc").write_text(f"set nocompatible undofile backup {places}\n")
    keys = ":/db-alpha/s/alpha/beta/\n:/CACHE/d\n:wq"
    desk.at_terminal(ENV, "vim", (f'"{desk.memory}', keys))
    assert "s3cr3t-db-beta" in desk.repo.read(ENV)
    assert "s3cr3t-cache-alpha" not in desk.repo.read(ENV)
    desk.assert_tidy()
