"""Edge cases of git: unusual environments and names, other programs, interrupted commands."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    SECRET,
    YAML,
    Repo,
    assert_clean,
    assert_no_plaintext,
    assert_one_token_changed,
    assert_sound,
    commit_blob,
    every_reader,
    program,
    tokens,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.many_variants


def needs(*programs: str) -> None:
    """Skip the test, with the reason, if a program is missing; fail if all programs are required."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        reason = f"not installed: {', '.join(missing)}"
        if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS"):
            pytest.fail(reason)
        pytest.skip(reason)


def change_all(repo: Repo, old: str, new: str) -> None:
    for path in FILES:
        repo.edit(path, old, new)


# Clones of other kinds


def test_a_partial_clone(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    partial = repo.person.clone(repo, tmp_path / "partial", "--filter=blob:none", "--no-local")
    partial.sealedfiles("unlock")
    assert partial.texts() == FILES
    change_all(partial, "db-alpha", "db-beta")
    partial.commit("new password")
    for path in FILES:
        assert_one_token_changed(partial.tokens("HEAD~1", path), partial.tokens("HEAD", path))
    assert_clean(partial)


@pytest.mark.slow
def test_a_partial_and_sparse_clone(repo: Repo, tmp_path: Path) -> None:
    """git has fetched neither the keys nor the files that are not checked out."""
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.write("deep/other.env", "OTHER=s3cr3t-other\n")
    repo.sealedfiles("track", "deep/*.env")
    repo.commit("a file in a folder")
    sparse = repo.person.clone(
        repo, tmp_path / "sparse", "--filter=blob:none", "--sparse", "--no-local"
    )
    sparse.sealedfiles("unlock")
    assert sparse.sealedfiles("get", ENV, "DB_PASSWORD") == "s3cr3t-db-alpha\n"
    sparse.edit(ENV, "db-alpha", "db-beta")
    sparse.commit("new password")
    assert_one_token_changed(sparse.tokens("HEAD~1", ENV), sparse.tokens("HEAD", ENV))
    sparse.sealedfiles("check")
    sparse.sealedfiles("status")
    assert "absent       deep/other.env" in sparse.sealedfiles("status")
    repo.sealedfiles("rotate", "default", "--yes")
    repo.commit("rotated")
    sparse.git("pull", "--quiet", "--no-rebase", "--no-edit", code=None)
    sparse.sealedfiles("lock")
    sparse.sealedfiles("unlock")
    sparse.git("sparse-checkout", "add", "deep")
    assert sparse.read("deep/other.env") == "OTHER=s3cr3t-other\n"


@pytest.mark.slow
def test_a_partial_clone_fetches_the_history_of_the_keys(
    team: tuple[Repo, Repo], origin: Path, tmp_path: Path
) -> None:
    alice, bob = team
    alice.git("-C", str(origin), "config", "uploadpack.allowFilter", "true")
    old = alice.head()
    alice.sealedfiles("revoke", "bob", "--yes")
    alice.commit("remove bob")
    alice.git("push", "--quiet")
    filtered = ("--filter=blob:none", "--no-local")
    partial = alice.person.clone(origin, tmp_path / "partial", *filtered)
    assert partial.sealedfiles("get", ENV, "DB_PASSWORD") == "s3cr3t-db-alpha\n"
    partial.sealedfiles("unlock")
    partial.sealedfiles("set", ENV, "DB_PASSWORD", "--value", "s3cr3t-new")
    partial.git("add", ENV)
    bob.git("pull", "--quiet", code=None)
    bob.git("checkout", "--quiet", old, "--", ".sealedfiles", ENV)
    bob.git("commit", "--quiet", "--no-verify", "--message", "old keys")
    bob.git("push", "--quiet", "--no-verify")
    forged = alice.person.clone(origin, tmp_path / "forged", *filtered)
    forged.sealedfiles("get", ENV, "DB_PASSWORD", code=4)
    assert "the newest key seen" in forged.stderr
    # To find renames among the files of another branch, git would need what the clone lacks.
    stranger = bob.person.at(tmp_path / "stranger").repository(tmp_path / "own")
    stranger.sealedfiles("init", "--name", "stranger")
    bob.git("checkout", "--quiet", "-b", "other")
    shutil.rmtree(bob.path / ".sealedfiles/keys")
    shutil.copytree(stranger.path / ".sealedfiles/keys", bob.path / ".sealedfiles/keys")
    bob.git("add", "--all")
    bob.git("commit", "--quiet", "--no-verify", "--message", "other keys")
    bob.git("push", "--quiet", "--no-verify", "origin", "other")
    hidden = alice.person.clone(origin, tmp_path / "hidden", *filtered)
    hidden.sealedfiles("get", ENV, "DB_PASSWORD", code=4)
    assert "the newest key seen" in hidden.stderr
    offline = alice.person.clone(origin, tmp_path / "offline", *filtered)
    origin.rename(tmp_path / "away")
    assert offline.sealedfiles("get", ENV, "DB_PASSWORD", code=1) == ""
    assert "could not fetch an object that this partial clone lacks" in offline.stderr
    (tmp_path / "away").rename(origin)
    for kind in ("tree:2", "combine:blob:none+tree:3", "object:type=tag", "tree:0"):
        treeless = alice.person.clone(origin, tmp_path / kind, f"--filter={kind}", "--no-local")
        treeless.sealedfiles("get", ENV, "DB_PASSWORD", code=None)
        assert "partial, without trees: cannot verify" in treeless.stderr, kind
    treeless.git("log", "--raw", "--all")  # fetches the trees
    treeless.sealedfiles("get", ENV, "DB_PASSWORD", code=4)
    assert "the newest key seen" in treeless.stderr


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_a_partial_clone_fetches_what_is_missing_for_commands_that_read_history(
    team: tuple[Repo, Repo], origin: Path, tmp_path: Path, kind: str
) -> None:
    alice, _ = team
    alice.git("-C", str(origin), "config", "uploadpack.allowFilter", "true")
    change_all(alice, "db-alpha", "db-beta")
    alice.commit("new password")
    alice.git("push", "--quiet")
    partial = alice.person.clone(origin, tmp_path / "partial", f"--filter={kind}", "--no-local")
    partial.sealedfiles("unlock")
    for command in (("who", "--log"), ("exposure", "bob"), ("status", "--age")):
        expected = alice.sealedfiles(*command, code=None)
        assert partial.sealedfiles(*command, code=None) == expected, command
        assert "fatal" not in partial.stderr


def test_a_bare_repository_serves_and_holds_tokens_only(
    team: tuple[Repo, Repo], origin: Path, tmp_path: Path
) -> None:
    alice, bob = team
    change_all(alice, "db-alpha", "db-beta")
    alice.commit("new password")
    alice.git("push", "--quiet")
    server = Repo(alice.person, origin)
    server.git("gc", "--quiet")
    assert_no_plaintext(server)
    archive = server.git("archive", "HEAD", YAML)
    assert SECRET not in archive
    bob.git("pull", "--quiet")
    assert f"{SECRET}-db-beta" in bob.read(YAML)


def test_a_bare_repository_with_a_work_tree_elsewhere(repo: Repo, tmp_path: Path) -> None:
    """As used to keep configuration files in the home directory in git."""
    bare = tmp_path / "dotfiles.git"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(bare))
    home = tmp_path / "work tree"
    home.mkdir()
    person = repo.person.having(GIT_DIR=str(bare), GIT_WORK_TREE=str(home))
    tree = Repo(person, home)
    tree.git("config", "core.bare", "false")
    tree.git("checkout", "--quiet", "--force", "main")
    tree.sealedfiles("unlock")
    assert tree.texts() == FILES
    change_all(tree, "db-alpha", "db-beta")
    tree.git("add", "--update")
    tree.git("commit", "--quiet", "-m", "new password")
    assert tree.status() == []
    assert_no_plaintext(tree)


# The environment


def test_git_dir_and_work_tree_in_the_environment(repo: Repo, tmp_path: Path) -> None:
    person = repo.person.having(GIT_DIR=str(repo.path / ".git"), GIT_WORK_TREE=str(repo.path))
    elsewhere = Repo(person, tmp_path)
    change_all(repo, "db-alpha", "db-beta")
    elsewhere.git("add", "--update", str(repo.path))
    elsewhere.git("commit", "--quiet", "-m", "new password")
    assert elsewhere.git("status", "--porcelain") == ""
    for path in FILES:
        assert_one_token_changed(repo.tokens("HEAD~1", path), repo.tokens("HEAD", path))
    assert_sound(repo)


def test_relative_git_dir_and_work_tree_in_a_subfolder(repo: Repo) -> None:
    folder = repo.path / "sub"
    folder.mkdir()
    person = repo.person.having(GIT_DIR="../.git", GIT_WORK_TREE="..")
    inside = Repo(person, folder)
    assert inside.git("status", "--porcelain") == ""
    assert "s3cr3t-db-alpha" in inside.sealedfiles("cat", f"../{ENV}")
    assert inside.stderr == ""
    inside.sealedfiles("check")


@pytest.mark.parametrize("name", ["other index", ".git/other-index"])
def test_another_index(repo: Repo, tmp_path: Path, name: str) -> None:
    """Many scripts create a tree from the working tree without changing the index."""
    index = str(tmp_path / name) if " " in name else name
    other = Repo(repo.person.having(GIT_INDEX_FILE=index), repo.path)
    before = repo.git("ls-files", "--stage")
    change_all(repo, "db-alpha", "db-beta")
    other.git("add", "--all")
    tree = other.git("write-tree").strip()
    assert repo.git("ls-files", "--stage") == before
    for path in FILES:
        assert_one_token_changed(repo.tokens("HEAD", path), repo.tokens(tree, path))
    assert_no_plaintext(repo)


def test_from_a_subfolder(repo: Repo) -> None:
    below = Repo(repo.person, repo.path / "config")
    repo.edit(JSON, "db-alpha", "db-beta")
    below.git("add", "app.json")
    assert f"{SECRET}-db-beta" in below.git("diff", "--cached", "--textconv")
    assert below.sealedfiles("cat", "app.json") == repo.read(JSON)
    assert_no_plaintext(repo)


def test_names_that_differ_in_case_only_where_case_does_not_count(repo: Repo) -> None:
    repo.git("config", "core.ignorecase", "true")
    repo.git("mv", YAML, "secrets/App.yaml")
    repo.commit("another case")
    assert_clean(repo)
    assert_no_plaintext(repo)
    assert repo.tokens("HEAD", "secrets/App.yaml") == repo.tokens("HEAD~1", YAML)


def test_plaintext_that_was_pushed_under_a_name_in_other_case_is_not_used(repo: Repo) -> None:
    """The file system finds the file by either name; here, it is moved."""
    repo.git("config", "core.ignorecase", "true")
    repo.git("mv", ENV, ".ENV")
    commit_blob(repo, ".ENV", "DB_USER=evil\n")
    (repo.path / ".ENV").rename(repo.path / ENV)
    for command in (["get", ENV, "DB_USER"], ["run", "-f", ENV, "--", "env"]):
        assert "evil" not in repo.sealedfiles(*command, code=4)
        assert ".ENV:1: DB_USER: in plaintext in git" in repo.stderr
    commit_blob(repo, ENV, "DB_USER=evil\n")
    repo.sealedfiles("get", ENV, "DB_USER", code=2)
    assert "git has .ENV and .env, which are the same file here" in repo.stderr


def test_plaintext_that_was_pushed_under_a_name_that_no_pattern_matches_is_not_sealed(
    repo: Repo,
) -> None:
    """The file system would write it to the file that has the usual name."""
    other = "ſecrets/app.yaml"
    repo.write("other", "password: evil\n")
    oid = repo.git("hash-object", "-w", "other").strip()
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{other}")
    repo.git("config", "core.ignorecase", "true")
    repo.write(YAML, "password: evil\n")
    repo.git("add", YAML, code=128)
    assert f"git has {other} and {YAML}, which are the same file here" in repo.stderr
    repo.git("rm", "--quiet", "--cached", other)
    repo.write(YAML, "password: s3cr3t-new\n")
    repo.git("add", YAML)


# Names and kinds of files


@pytest.mark.parametrize(
    "name",
    [
        b"secrets/a file.yaml",
        b"secrets/say \"hi\" 'there'.yaml",
        b"secrets/two\nlines.yaml",
        b"secrets/tab\there.yaml",
        b"secrets/back\\slash.yaml",
        "secrets/größe — naïve.yaml".encode(),
        b"secrets/latin-\xe9.yaml",
        b"secrets/-rf.yaml",
        b"secrets/$(touch owned).yaml",
        b"secrets/%f.yaml",
    ],
    ids=lambda name: ascii(name)[10:-6],
)
def test_odd_names(repo: Repo, name: bytes) -> None:
    file = os.path.join(os.fsencode(repo.path), name)
    text = f"password: {SECRET}\n".encode()
    with open(file, "wb") as out:
        out.write(text)
    repo.commit("an odd name")
    assert_no_plaintext(repo)
    os.unlink(file)
    repo.git("checkout", "--", ".")
    with open(file, "rb") as back:
        assert back.read() == text
    repo.git("stash", "--include-untracked", code=0)
    repo.sealedfiles("lock")
    with open(file, "rb") as locked:
        assert SECRET.encode() not in locked.read()
    repo.sealedfiles("unlock")
    out_, _ = repo.person.run([*program(), "cat", os.fsdecode(file)], repo.path)
    assert out_ == text
    assert not (repo.path / "owned").exists()
    assert_clean(repo)


def test_symbolic_links_are_never_followed(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(f"password: {SECRET}\n")
    (repo.path / "secrets" / "link.yaml").symlink_to(outside)
    repo.commit("a link")
    assert repo.blob("HEAD", "secrets/link.yaml") == os.fsencode(outside)
    assert_no_plaintext(repo)
    for command in ("lock", "unlock"):
        repo.sealedfiles(command)
        assert outside.read_text() == f"password: {SECRET}\n"
        assert (repo.path / "secrets" / "link.yaml").is_symlink()
    for name in ("seal", "unseal", "cat"):
        repo.sealedfiles(name, "secrets/link.yaml", code=2)
    repo.sealedfiles("set", "secrets/link.yaml", "password", answers="new", code=2)
    assert outside.read_text() == f"password: {SECRET}\n"


def test_executable_bits_survive_everything(repo: Repo) -> None:
    (repo.path / ENV).chmod(0o755)
    repo.commit("executable")
    for command in ("lock", "unlock"):
        repo.sealedfiles(command)
        assert (repo.path / ENV).stat().st_mode & 0o111
    repo.git("checkout", "--quiet", "HEAD~1")
    repo.git("checkout", "--quiet", "-")
    assert repo.git("ls-files", "--stage", ENV).startswith("100755")
    assert_sound(repo)


@pytest.mark.slow
def test_a_file_of_more_than_100_megabytes(repo: Repo) -> None:
    repo.sealedfiles("track", "*.bin")
    repo.git("config", "core.compression", "0")
    content = os.urandom(1 << 20) * 101
    repo.write("store.bin", content)
    repo.git("add", "store.bin")
    assert content[:64] not in repo.blob("", "store.bin")
    (repo.path / "store.bin").unlink()
    repo.git("checkout", "--", "store.bin")
    assert repo.read_bytes("store.bin") == content
    assert repo.git("diff", "--name-only") == ""


# Commands that run others


@pytest.mark.slow
def test_bisect(repo: Repo) -> None:
    for number in range(6):
        repo.edit(ENV, f"APP_PORT={8080 + number}", f"APP_PORT={8081 + number}")
        if number == 3:
            change_all(repo, "db-alpha", "db-broken")
        repo.commit(f"step {number}")
    broken = repo.head("HEAD~2")
    repo.git("bisect", "start", "HEAD", "HEAD~6")
    repo.git("bisect", "run", "sh", "-c", f"! grep -q db-broken {YAML}")
    # Its words differ between versions of git.
    assert repo.head("refs/bisect/bad") == broken
    repo.git("bisect", "reset")
    assert_sound(repo)


@pytest.mark.slow
def test_rebase_with_a_command_after_each_pick(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "feature")
    for number in range(3):
        repo.edit(ENV, f"APP_PORT={8080 + number}", f"APP_PORT={8081 + number}")
        repo.commit(f"step {number}")
    repo.git("checkout", "--quiet", "main")
    change_all(repo, "db-alpha", "db-beta")
    repo.commit("new password")
    repo.git("checkout", "--quiet", "feature")
    check = f"test -z \"$(git status --porcelain)\" && grep -q db-beta '{YAML}'"
    repo.git("rebase", "--exec", check, "main")
    assert_sound(repo)


@every_reader
def test_stash_in_a_locked_clone(repo: Repo) -> None:
    repo.sealedfiles("lock")
    repo.edit(ENV, "APP_PORT=8080", "APP_PORT=9090")
    repo.git("stash")
    assert "9090" not in repo.read(ENV)
    repo.git("stash", "pop")
    assert "APP_PORT=9090" in repo.read(ENV)
    assert repo.status() == [f" M {ENV}"]
    assert_no_plaintext(repo)


def test_filter_repo_rewrites_history_and_keeps_every_token(repo: Repo) -> None:
    filter_repo = shutil.which("git-filter-repo", path=os.path.dirname(sys.executable))
    if filter_repo is None:
        needs("git-filter-repo")
    before = {path: repo.tokens("HEAD", path) for path in FILES}
    repo.git("filter-repo", "--force", "--path", "README.md", "--invert-paths")
    assert {path: repo.tokens("HEAD", path) for path in FILES} == before
    assert repo.texts() == FILES
    assert_sound(repo)


@pytest.mark.slow
def test_rerere_resolves_the_same_conflict_again(repo: Repo) -> None:
    repo.git("config", "rerere.enabled", "true")
    repo.git("checkout", "--quiet", "-b", "feature")
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.commit("beta")
    repo.git("checkout", "--quiet", "main")
    repo.edit(YAML, "db-alpha", "db-gamma")
    repo.commit("gamma")
    for attempt in range(2):
        repo.git("merge", "feature", code=1)
        if attempt == 0:
            repo.write(YAML, FILES[YAML].replace("db-alpha", "db-delta"))
        assert repo.read(YAML) == FILES[YAML].replace("db-alpha", "db-delta")
        repo.git("add", YAML)
        repo.git("commit", "--quiet", "-m", "merged")
        assert_clean(repo)
        if attempt == 0:
            repo.git("reset", "--quiet", "--hard", "HEAD~1")
    for name, content in repo.objects():
        assert SECRET.encode() not in content, name
    # What git remembers of the conflict is plaintext in .git, and doctor says so.
    assert "rr-cache" in repo.sealedfiles("doctor", code=1)


@pytest.mark.slow
def test_large_file_storage_beside_it(repo: Repo) -> None:
    needs("git-lfs")
    repo.git("lfs", "install", "--local")
    repo.git("lfs", "track", "*.iso")
    repo.write("disk.iso", b"\x00" * 5000)
    change_all(repo, "db-alpha", "db-beta")
    repo.commit("a large file and a new password")
    assert repo.blob("HEAD", "disk.iso").startswith(b"version https://git-lfs")
    for path in FILES:
        assert_one_token_changed(repo.tokens("HEAD~1", path), repo.tokens("HEAD", path))
    repo.git("checkout", "--quiet", "HEAD~1")
    repo.git("checkout", "--quiet", "main")
    assert repo.read_bytes("disk.iso") == b"\x00" * 5000
    assert_sound(repo)


def test_libgit2_which_runs_no_filters_sees_tokens_and_check_names_what_it_commits(
    repo: Repo,
) -> None:
    pygit2 = pytest.importorskip("pygit2", reason="pygit2 is not installed")
    library = pygit2.Repository(str(repo.path))
    assert SECRET.encode() not in library.revparse_single(f"HEAD:{YAML}").data
    library.index.add(YAML)  # a client with windows adds a file
    library.index.write()
    assert SECRET.encode() in library[library.index[YAML].id].data
    assert YAML in repo.sealedfiles("check", "--staged", code=1)
    repo.sealedfiles("status", "--fix", "--yes")
    assert SECRET not in repo.blob("", YAML).decode()


# Interrupted, and at the same time

DYING = """\
import os, subprocess, sys

real = subprocess.Popen(["sh", "-c", sys.argv[1]], stdout=subprocess.PIPE)
left = 150  # enough for the handshake and the beginning of an answer
while left and (data := os.read(real.stdout.fileno(), left)):
    os.write(1, data)
    left -= len(data)
real.kill()
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_two_processes_at_once(repo: Repo) -> None:
    change_all(repo, "db-alpha", "db-beta")
    environ = repo.person.environment()
    commands = [["git", "diff"], ["git", "diff", "HEAD"], ["git", "status"]] * 4
    running = [
        subprocess.Popen(
            command,
            cwd=repo.path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for command in commands
    ]
    for process in running:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    repo.commit("new password")
    assert_sound(repo)


def test_a_filter_that_is_killed_leaves_an_add_undone_and_the_next_one_works(
    repo: Repo, tmp_path: Path
) -> None:
    """The filter dies while git sends a file."""
    change_all(repo, "db-alpha", "db-beta")
    real = repo.git("config", "filter.sealedfiles.process").strip()
    before = repo.git("ls-files", "--stage")
    script = tmp_path / "dying.py"
    script.write_text(DYING)
    words = [sys.executable, str(script), real]
    repo.git("config", "filter.sealedfiles.process", shlex.join(words))
    repo.git("add", ENV, code=128)
    assert repo.git("ls-files", "--stage") == before
    repo.git("config", "filter.sealedfiles.process", real)
    repo.commit("new password")
    assert_sound(repo)


# A policy that cannot be read, keys that are not there


@pytest.mark.parametrize(
    "policy",
    [
        "rules: [",
        "<<<<<<< ours\nversion: 1\n=======\nversion: 1\n>>>>>>> theirs\n",
        "version: 99\n",
    ],
    ids=["broken", "conflict", "too new"],
)
def test_a_policy_that_cannot_be_read_stops_clean_and_not_smudge(repo: Repo, policy: str) -> None:
    repo.write(".sealedfiles/policy.yaml", policy)
    (repo.path / YAML).unlink()
    repo.git("checkout", "--", YAML)
    assert repo.read(YAML) == FILES[YAML]
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.git("add", YAML, code=128)
    assert "policy.yaml" in repo.stderr
    assert_no_plaintext(repo)
    repo.git("checkout", "HEAD", "--", ".sealedfiles")
    repo.commit("new password")
    assert_sound(repo)


def test_an_old_commit_whose_keys_are_no_longer_in_the_tree(repo: Repo) -> None:
    """Sealing was set up again; values under the first keys are decrypted from history, without a cache."""
    old = repo.head()
    repo.sealedfiles("untrack", "secrets/**/*.yaml", "config/*.json", "*.env")
    for path in FILES:
        repo.git("rm", "-q", "--cached", path)
        (repo.path / path).unlink()
    shutil.rmtree(repo.path / ".sealedfiles")
    (repo.path / ".gitattributes").unlink()
    repo.commit("no secrets any more")
    shutil.rmtree(repo.folder("sealedfiles"))
    repo.git("checkout", "--quiet", old)
    assert repo.texts() == FILES
    repo.git("checkout", "--quiet", "main")


def test_a_new_value_is_refused_while_the_key_folder_is_missing_altogether(repo: Repo) -> None:
    repo.git("rm", "-q", "-r", "--cached", ".sealedfiles")
    shutil.rmtree(repo.path / ".sealedfiles")
    repo.git("commit", "-qm", "gone")
    shutil.rmtree(repo.folder("sealedfiles"))
    before = repo.git("ls-files", "--stage")
    repo.edit(YAML, "db-alpha", "db-beta")
    repo.git("add", YAML, code=128)
    assert repo.git("ls-files", "--stage") == before
    assert tokens(repo.blob("", YAML).decode())


# Keys that look like YAML's own signs


def test_a_key_with_an_ampersand_comes_back_from_git(repo: Repo) -> None:
    text = f'R&D: {SECRET}\n"Q&A": second-secret\na &b: third-secret\nlist: [x &y, "z&"]\n'
    repo.write(YAML, text)
    repo.commit("keys with signs in them")
    for secret in (SECRET, "second-secret", "third-secret"):
        assert secret not in repo.git("show", f"HEAD:{YAML}")
    (repo.path / YAML).unlink()
    repo.git("checkout", "--", YAML)
    assert repo.read(YAML) == text
    assert_clean(repo)
