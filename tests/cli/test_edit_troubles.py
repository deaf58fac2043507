"""edit, when something goes wrong: the file is unchanged, and no saved edit is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from age.programs import fork_on_terminal
from desk import Desk, ended, wait_for
from people import ENV, FILES, JSON, SECRET, YAML, Repo, program, tokens

if TYPE_CHECKING:
    pass

CHANGE = 'sed -i.bak s/s3cr3t-db-alpha/s3cr3t-db-beta/ "$1"'
CHANGED = {path: text.replace("db-alpha", "db-beta") for path, text in FILES.items()}

PROMPT = "open the editor again with your text?"

bob = pytest.mark.parametrize("repo", ["bob"], indirect=True)


def in_turn(*scripts: str) -> str:
    """A sequence of editors: the first runs on the first start, the second on the second, and so on."""
    lines = [f"{number}) {script};;" for number, script in enumerate(scripts)]
    count = 'n=$(cat "$0.n" 2>/dev/null || echo 0); echo $((n + 1)) > "$0.n"'
    return "\n".join([count, "case $n in", *lines, "esac"])


# -- the editor fails


@pytest.mark.parametrize(
    ("end", "said"),
    [("exit 1", "exited with status 1"), ("kill -9 $$", "killed by signal 9")],
    ids=["fails", "is-killed"],
)
def test_an_editor_that_fails_after_saving(desk: Desk, end: str, said: str) -> None:
    desk.repo.sealedfiles("seal", YAML)
    before = desk.repo.read(YAML)
    told = desk.edit(YAML, f"{CHANGE}; {end}", code=1)
    assert said in told
    assert desk.repo.read(YAML) == before
    assert desk.recoveries() == [CHANGED[YAML]]
    assert str(desk.repo.path / ".git/sealedfiles/recovery") in told, "where it is"
    desk.repo.git("add", "-A")
    assert_nothing_in_git(desk)


@pytest.mark.parametrize("end", ["exit 1", "kill -9 $$", 'rm "$1"'])
def test_an_editor_that_fails_before_saving_leaves_nothing(desk: Desk, end: str) -> None:
    desk.edit(YAML, end, code=1)
    assert desk.repo.read(YAML) == FILES[YAML]
    assert desk.recoveries() == []
    desk.assert_tidy()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("what", ["mkdir", "mkfifo", "ln -s /dev/full"])
def test_an_editor_that_leaves_no_regular_file(desk: Desk, what: str) -> None:
    told = desk.edit(YAML, f'rm "$1"; {what} "$1"', code=1)
    assert "the editor left no file app.yaml" in told
    assert desk.repo.read(YAML) == FILES[YAML]
    assert desk.recoveries() == []
    desk.assert_tidy()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("saves", [True, False], ids=["after-saving", "before-saving"])
def test_ended_by_a_signal(desk: Desk, number: signal.Signals, saves: bool) -> None:
    script = 'echo $$ > "$DESK/pid"; touch "$DESK/running"; exec sleep 100'
    process = desk.start(ENV, f"{CHANGE}; {script}" if saves else script)
    process.send_signal(number)
    told = ended(process)
    assert process.returncode == -number
    assert desk.repo.read(ENV) == FILES[ENV]
    assert desk.recoveries() == ([CHANGED[ENV]] if saves else [])
    assert ("was saved to" in told) == saves
    with pytest.raises(ProcessLookupError):
        os.kill(int((desk.scripts.parent / "pid").read_text()), 0)
    desk.assert_tidy()


def test_when_the_terminal_is_closed(desk: Desk) -> None:
    script = f'{CHANGE}; touch "$DESK/running"; exec sleep 100'
    variables = {"EDITOR": desk.editor(script), "DESK": str(desk.scripts.parent)}
    command = [*program(), "edit", ENV]
    pid, terminal = fork_on_terminal()
    if pid == 0:
        os.chdir(desk.repo.path)
        os.execve(command[0], command, {**desk.repo.person.environment(), **variables})
    wait_for(desk.scripts.parent / "running")
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGHUP
    assert desk.repo.read(ENV) == FILES[ENV]
    assert desk.recoveries() == [CHANGED[ENV]]
    desk.assert_tidy()


@pytest.mark.parametrize("saves", [True, False], ids=["after-saving", "before-saving"])
def test_leftovers_of_kill_9_are_removed_by_the_next_run(desk: Desk, saves: bool) -> None:
    wait = 'touch "$DESK/running"; until test -e "$DESK/end"; do sleep 0.01; done'
    process = desk.start(ENV, f"{CHANGE}; {wait}" if saves else wait)
    process.kill()
    process.wait()
    assert desk.repo.read(ENV) == FILES[ENV]

    told = desk.edit(JSON, CHANGE)
    assert "interrupted" not in told
    assert len(list(desk.memory.iterdir())) == 1, "the editor is still at work"

    (desk.scripts.parent / "end").touch()
    ended(process)
    told = desk.edit(YAML, CHANGE)
    assert desk.repo.read(YAML) == CHANGED[YAML]
    assert desk.recoveries() == ([CHANGED[ENV]] if saves else [])
    assert (f"an earlier edit of {desk.repo.path / ENV} was interrupted" in told) == saves
    desk.assert_tidy()


@pytest.mark.slow
def test_interrupting_is_for_the_editor(desk: Desk) -> None:
    script = (
        "trap 'echo caught; " + CHANGE + "; exit 0' INT; echo ready; while :; do sleep 0.05; done"
    )
    shown = desk.edit_on_terminal(ENV, script, ("ready", "\x03"))
    assert "caught" in shown
    assert desk.repo.read(ENV) == CHANGED[ENV]
    desk.assert_tidy()


@pytest.mark.slow
def test_interrupting_the_question_keeps_the_edit(desk: Desk) -> None:
    desk.edit_on_terminal(YAML, "echo '{' >> \"$1\"", (PROMPT, "\x03"), code=130)
    assert desk.repo.read(YAML) == FILES[YAML]
    assert desk.recoveries() == [FILES[YAML] + "{\n"]
    desk.assert_tidy()


# -- the text is broken


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("path", "script", "said"),
    [
        (YAML, 'echo "{" >> "$1"', f"{YAML}:27:1: "),
        (JSON, 'echo "]" >> "$1"', f"{JSON}:26:1: "),
        (YAML, "printf '# \\377\\n' >> \"$1\"", f"{YAML}:26:3: "),
        (ENV, "printf '<<<<<<< a\\nA=1\\n=======\\nA=2\\n>>>>>>> b\\n' >> \"$1\"", f"{ENV}:21:1: "),
    ],
    ids=["yaml", "json", "not-utf-8", "conflict-markers"],
)
def test_a_broken_text_is_kept_and_the_place_is_named(
    desk: Desk, path: str, script: str, said: str
) -> None:
    desk.repo.sealedfiles("seal", path)
    before = desk.repo.read(path)
    told = desk.edit(path, f"{script}; cp \"$1\" '{desk.scripts}/saved'", code=1)
    assert said in told
    assert desk.repo.read(path) == before
    folder = desk.repo.path / ".git/sealedfiles/recovery"
    assert [file.read_bytes() for file in folder.iterdir()] == [
        (desk.scripts / "saved").read_bytes()
    ]
    desk.assert_tidy()
    desk.repo.git("add", "-A")
    assert_nothing_in_git(desk)


def test_on_a_terminal_a_broken_text_can_be_opened_again_as_it_was_left(desk: Desk) -> None:
    desk.repo.sealedfiles("seal", YAML)
    before = desk.repo.read(YAML)
    script = in_turn(
        f"{CHANGE}; echo '{{' >> \"$1\"",
        f"cp \"$1\" '{desk.scripts}/saved'; sed -i.bak '$d' \"$1\"",
    )
    shown = desk.edit_on_terminal(YAML, script, (PROMPT, ""))
    assert f"{YAML}:27:1: " in shown
    assert (desk.scripts / "saved").read_text() == CHANGED[YAML] + "{\n"
    old, new = tokens(before), tokens(desk.repo.read(YAML))
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1
    assert desk.recoveries() == []
    desk.assert_tidy()


def test_on_a_terminal_editing_can_be_ended(desk: Desk) -> None:
    shown = desk.edit_on_terminal(YAML, "echo '{' >> \"$1\"", (PROMPT, ""), (PROMPT, "no"), code=1)
    assert shown.count(PROMPT) == 2
    assert desk.repo.read(YAML) == FILES[YAML]
    assert desk.recoveries() == [FILES[YAML] + "{\n{\n"]
    desk.assert_tidy()


def test_a_conflict_can_be_resolved_by_hand_and_is_not_sealed_before(desk: Desk) -> None:
    conflict = FILES[ENV] + "<<<<<<< a\nA=s3cr3t-1\n=======\nA=s3cr3t-2\n>>>>>>> b\n"
    desk.repo.write(ENV, conflict)
    desk.edit(ENV, CHANGE)
    assert desk.repo.read(ENV) == conflict.replace("db-alpha", "db-beta"), "it lies open"
    desk.edit(ENV, "sed -i.bak -e '/^[<=>]\\{7\\}/d' -e /s3cr3t-2/d \"$1\"")
    assert desk.repo.read(ENV) == CHANGED[ENV] + "A=s3cr3t-1\n"


# -- the text cannot be sealed or written


@bob
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "open"])
def test_a_value_of_a_group_that_one_is_not_in_cannot_be_written(desk: Desk, sealed: bool) -> None:
    if sealed:
        desk.repo.sealedfiles("seal", YAML)
    before = desk.repo.read(YAML)
    told = desk.edit(YAML, 'sed -i.bak "s/pin: .*/pin: s3cr3t-mine/" "$1"', code=3)
    assert "production.pin" in told
    assert "alice" in told, "who can"
    assert desk.repo.read(YAML) == before
    assert "pin: s3cr3t-mine" in desk.recoveries()[0]


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "open"])
def test_a_policy_that_cannot_be_read_is_said_before_or_keeps_the_edit(
    desk: Desk, sealed: bool
) -> None:
    if sealed:
        desk.repo.sealedfiles("seal", YAML)
    before = desk.repo.read(YAML)
    spoil = f"echo '{{' >> '{desk.repo.path}/.sealedfiles/policy.yaml'"
    desk.edit(YAML, f"{spoil}; {CHANGE}", code=1)
    assert desk.repo.read(YAML) == before
    assert desk.recoveries() == [CHANGED[YAML]]


def test_a_full_disk(desk: Desk) -> None:
    """Files above a limit cannot be written: the plaintext fits, the sealed file does not."""
    desk.repo.sealedfiles("seal", YAML)
    before = desk.repo.read(YAML)
    editor = desk.editor(CHANGE)
    command = ["/bin/sh", "-c", 'ulimit -f 2 && exec "$@"', "sh", *program(), "edit", YAML]
    _, told = desk.having(EDITOR=editor).repo.person.run(command, desk.repo.path, code=1)
    assert f"{YAML} could not be written" in told
    assert desk.repo.read(YAML) == before
    assert desk.recoveries() == [CHANGED[YAML]]
    desk.assert_tidy()


def test_edits_are_saved_in_git_s_folder_or_the_home_or_stay(desk: Desk, tmp_path: Path) -> None:
    (desk.repo.path / ".git/sealedfiles/recovery").write_text("in the way\n")
    broken = f"{CHANGE}; exit 1"
    state = tmp_path / "state"
    told = desk.having(XDG_STATE_HOME=str(state)).edit(YAML, broken, code=1)
    assert desk.recoveries(state / "sealedfiles/recovery") == [CHANGED[YAML]]
    assert str(state) in told
    desk.assert_tidy()

    told = desk.having(XDG_STATE_HOME="/dev/null/no").edit(YAML, broken, code=1)
    left = [file for file in desk.memory.rglob("app.yaml") if str(file) in told]
    assert [file.read_text() for file in left] == [CHANGED[YAML]]
    assert str(left[0]) in desk.edit(ENV, "true"), "it is named again"
    left[0].unlink()
    desk.edit(ENV, "true")
    desk.assert_tidy()


def test_outside_of_git_edits_are_kept_in_the_home(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "deployed"
    shutil.copytree(desk.repo.path / ".sealedfiles", folder / ".sealedfiles")
    (folder / ENV).write_text(FILES[ENV])
    desk.repo = Repo(desk.repo.person, folder)
    desk.edit(ENV, f"{CHANGE}; exit 1", code=1)
    kept = desk.repo.person.home / ".local/state/sealedfiles/recovery"
    assert desk.recoveries(kept) == [CHANGED[ENV]]
    assert sorted(os.listdir(folder)) == [ENV, ".sealedfiles"]


# -- tokens that the editor shows


@bob
@pytest.mark.parametrize(
    "script",
    [
        pytest.param('sed -i.bak \'/pin:/s/"$/A"/\' "$1"', id="one-letter-more"),
        pytest.param("sed -i.bak '/pin:/s/:production:/:default:/' \"$1\"", id="another-group"),
        pytest.param('sed -i.bak \'/pin:/s/.\\{60\\}"/"/\' "$1"', id="cut-short"),
    ],
)
def test_a_token_that_was_altered_is_named_with_its_line(desk: Desk, script: str) -> None:
    before = desk.repo.read(YAML)
    told = desk.edit(YAML, script, code=4)
    assert f"{YAML}:21: a token" in told
    assert desk.repo.read(YAML) == before
    assert len(desk.recoveries()) == 1


@bob
def test_a_removed_token_is_reported_and_allowed(desk: Desk) -> None:
    told = desk.edit(YAML, 'sed -i.bak /pin:/d "$1"')
    assert "you removed production.pin of the group production" in told
    assert "pin:" not in desk.repo.read(YAML)


@bob
def test_a_token_at_another_key_is_named(desk: Desk) -> None:
    told = desk.edit(YAML, 'sed -i.bak s/pin:/code:/ "$1"')
    assert "the token of production.pin is now at production.code" in told


@bob
def test_tokens_in_other_quotes_are_as_they_were(desk: Desk) -> None:
    assert desk.edit(YAML, 'sed -i.bak "/pin:/s/\\"/\'/g" "$1"') == ""
    assert "pin: 'sealed:v1:" in desk.repo.read(YAML)


def test_a_token_from_history_may_be_restored(desk: Desk) -> None:
    token = next(t for t in desk.repo.tokens("HEAD", ENV))
    old = desk.repo.blob("HEAD", ENV).decode()
    name = next(line for line in old.split("\n") if token in line).split("=")[0]
    desk.edit(ENV, f"sed -i.bak 's/^{name}=.*/{name}=new/' \"$1\"")
    assert desk.edit(ENV, f"sed -i.bak 's/^{name}=.*/{name}={token}/' \"$1\"") == ""
    assert desk.repo.sealedfiles("cat", ENV) == FILES[ENV]


# -- somebody else changes the file meanwhile


@pytest.fixture(params=["sealed", "open"])
def shared(request: pytest.FixtureRequest, desk: Desk) -> Desk:
    """A file that is sealed on disk, or decrypted."""
    if request.param == "sealed":
        desk.repo.sealedfiles("seal", YAML)
    return desk


def test_changes_of_other_lines_are_merged(shared: Desk) -> None:
    desk = shared
    other = desk.editor('sed -i.bak s/cache-alpha/cache-beta/ "$1"')
    told = desk.edit(YAML, f"{CHANGE}; EDITOR='{other}' sealedfiles edit {YAML}")
    assert "merged both changes" in told
    expected = CHANGED[YAML].replace("cache-alpha", "cache-beta")
    assert desk.repo.sealedfiles("cat", YAML) == expected
    desk.assert_tidy()


@pytest.mark.parametrize("repo", ["alice", "bob"], indirect=True)
def test_changes_of_different_values_in_neighboring_lines_are_merged(desk: Desk) -> None:
    desk.repo.sealedfiles("seal", JSON)
    before = desk.repo.sealedfiles("cat", JSON)
    other = desk.editor('sed -i.bak s/1000/1001/ "$1"')
    script = f"sed -i.bak s/2500/2501/ \"$1\"; EDITOR='{other}' sealedfiles edit {JSON}"
    assert "merged both changes" in desk.edit(JSON, script)
    after = before.replace("1000", "1001").replace("2500", "2501")
    assert desk.repo.sealedfiles("cat", JSON) == after
    desk.assert_tidy()


def test_changes_of_the_same_line_are_not_overwritten(shared: Desk) -> None:
    desk = shared
    other = desk.editor('sed -i.bak s/db-alpha/db-gamma/ "$1"')
    told = desk.edit(YAML, f"{CHANGE}; EDITOR='{other}' sealedfiles edit {YAML}", code=1)
    assert "in the same or neighboring lines" in told
    assert desk.repo.sealedfiles("cat", YAML) == FILES[YAML].replace("db-alpha", "db-gamma")
    assert desk.recoveries() == [CHANGED[YAML]], "as it was saved, without markers"
    desk.assert_tidy()


def test_on_a_terminal_such_a_conflict_can_be_settled(shared: Desk) -> None:
    desk = shared
    other = desk.editor('sed -i.bak s/db-alpha/db-gamma/ "$1"')
    settle = (
        f"cp \"$1\" '{desk.scripts}/seen'; sed -i.bak -e '/^<<<<<<</,/^=======/d' "
        "-e '/^>>>>>>>/d' -e s/db-gamma/db-both/ \"$1\""
    )
    script = in_turn(f"{CHANGE}; EDITOR='{other}' sealedfiles edit {YAML}", "true", settle)
    shown = desk.edit_on_terminal(YAML, script, (PROMPT, ""), (PROMPT, "y"))
    assert "the text has conflict markers" in shown, "as long as they are in it, nothing is written"
    seen = (desk.scripts / "seen").read_text()
    assert "<<<<<<< your edit" in seen
    assert "db-beta" in seen
    assert "db-gamma" in seen
    assert desk.repo.sealedfiles("cat", YAML) == FILES[YAML].replace("db-alpha", "db-both")
    assert desk.recoveries() == []
    desk.assert_tidy()


def test_sealing_or_opening_the_file_meanwhile_is_no_conflict(desk: Desk) -> None:
    told = desk.edit(YAML, f"{CHANGE}; sealedfiles seal {YAML}")
    assert told == f"sealedfiles: {YAML}: 8 values sealed\n"
    assert SECRET not in desk.repo.read(YAML), "it is sealed now"
    assert desk.repo.sealedfiles("cat", YAML) == CHANGED[YAML]
    desk.edit(YAML, f'sed -i.bak s/db-beta/db-alpha/ "$1"; sealedfiles unseal {YAML}')
    assert desk.repo.read(YAML) == FILES[YAML]


def test_a_file_that_was_removed_meanwhile_does_not_come_back_by_itself(desk: Desk) -> None:
    told = desk.edit(YAML, f"{CHANGE}; rm {YAML}", code=1)
    assert "was removed during the edit" in told
    assert not (desk.repo.path / YAML).exists()
    assert desk.recoveries() == [CHANGED[YAML]]


def test_a_file_created_meanwhile_is_not_overwritten(desk: Desk) -> None:
    desk.edit(
        "secrets/new.yaml", 'echo a: s3cr3t-1 > "$1"; echo a: s3cr3t-2 > secrets/new.yaml', code=1
    )
    assert desk.repo.read("secrets/new.yaml") == "a: s3cr3t-2\n"
    assert desk.recoveries() == ["a: s3cr3t-1\n"]


def test_a_binary_that_was_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    desk.repo.write("key.bin", b"\x00s3cr3t")
    write = "printf '\\000mine' > \"$1\"; printf '\\000theirs' > key.bin"
    script = in_turn(write, "printf '\\000again' > \"$1\"")
    desk.edit_on_terminal("key.bin", script, (PROMPT, ""), (PROMPT, "n"), code=1)
    assert desk.repo.read_bytes("key.bin") == b"\x00theirs"
    assert desk.recoveries() == ["\x00again"]


# -- other users of the machine


def test_folders_that_are_not_ours_alone_are_left_alone(desk: Desk, tmp_path: Path) -> None:
    """In the folder for temporary files, others can create such folders, with links to the user's files."""
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o700)
    (precious / "file").write_text("kept")
    (desk.memory / "sealedfiles-edit-link").symlink_to(precious)
    (desk.memory / "sealedfiles-edit-open").mkdir(mode=0o755)
    (desk.memory / "sealedfiles-edit-file").write_text("")
    (desk.memory / "sealedfiles-edit-half").mkdir(mode=0o700)
    desk.edit(ENV, CHANGE)
    left = {"sealedfiles-edit-link", "sealedfiles-edit-open", "sealedfiles-edit-file"}
    assert set(os.listdir(desk.memory)) == left
    assert (precious / "file").read_text() == "kept"


def test_many_at_the_same_time_do_not_take_each_other_for_dead(desk: Desk) -> None:
    """Each looks for leftovers of killed runs while others are creating their folders."""
    editor = desk.editor(CHANGE)
    names = [f"secrets/{number}.yaml" for number in range(8)]
    for name in names:
        desk.repo.write(name, FILES[YAML])
    environment = {**desk.repo.person.environment(), "EDITOR": editor}
    running = [
        subprocess.Popen([*program(), "edit", name], cwd=desk.repo.path, env=environment)
        for name in names
    ]
    assert [process.wait() for process in running] == [0] * len(names)
    assert {desk.repo.read(name) for name in names} == {CHANGED[YAML]}
    desk.assert_tidy()


def assert_nothing_in_git(desk: Desk) -> None:
    assert_no_plaintext_in_objects(desk.repo)
    assert desk.repo.status() in ([], [f" M {YAML}"], [f"M  {YAML}"])


def assert_no_plaintext_in_objects(repo: Repo) -> None:
    for name, content in repo.objects():
        assert SECRET.encode() not in content, name
