"""Values that, according to git, a reader may not have written are not printed by default."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    EVIL,
    JSON,
    USER_KEYS,
    YAML,
    Person,
    Repo,
    commit_blob,
    every_file,
    forge_user,
)

from sealedfiles import TamperedError, load
from sealedfiles.api import Document
from sealedfiles.keys.keyfile import parse_key_line
from sealedfiles.model.paths import key_step
from sealedfiles.model.token import VALUE, FileKey, split

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

pytestmark = pytest.mark.many_variants

OTHER = {YAML: "api.token", JSON: "api.token", ENV: "API_TOKEN"}


def plant(repo: Repo, path: str) -> None:
    """Replace the token of the database's user by a plaintext value."""
    commit_blob(repo, path, forge_user(repo.blob("HEAD", path).decode()))


@pytest.fixture(scope="module", params=["open", "sealed"])
def planted_once(
    request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Repo:
    repo = world.copy("alice", tmp_path_factory.mktemp("planted") / "orders")
    plant(repo, YAML)
    if request.param == "sealed":
        repo.git("config", "--unset", "filter.sealedfiles.process")
        repo.git("config", "--unset", "filter.sealedfiles.smudge")
        repo.git("config", "--unset", "filter.sealedfiles.required")
        repo.write(YAML, repo.blob("HEAD", YAML))
    return repo


@pytest.fixture
def planted(planted_once: Repo, tmp_path: Path) -> Repo:
    """A clone with a planted value in YAML: unlocked, or as in a job that has not run unlock."""
    return planted_once.copy(tmp_path / "orders")


def test_no_command_gives_it_out(planted: Repo) -> None:
    for command in (
        ["get", YAML, USER_KEYS[YAML]],
        ["get", YAML, USER_KEYS[YAML], "--raw"],
        ["get", YAML, "database", "--json"],
        ["cat", YAML],
        ["cat", YAML, "--format", "json"],
        ["cat", YAML, "--format", "shell"],
        ["run", "-f", YAML, "--", "env"],
        ["unseal", YAML],
        ["cat", YAML, "--group", "default"],
        ["cat", YAML, "--group", "default", "--group", "production", "--format", "env"],
        ["run", "-f", YAML, "--group", "default", "--", "env"],
    ):
        before = planted.read(YAML)
        shown = planted.sealedfiles(*command, code=4)
        assert EVIL not in shown, command
        assert "s3cr3t" not in shown, command
        assert f"{YAML}:7: database.user" in planted.stderr
        assert f"git log -p -- {YAML}" in planted.stderr
        assert "--allow-plaintext" in planted.stderr
        assert planted.read(YAML) == before


@every_file
@pytest.mark.parametrize("ci", ["", "true"])
def test_a_clone_that_was_never_unlocked_gives_out_nothing_that_it_checked_out(
    world: World, path: str, ci: str, tmp_path: Path
) -> None:
    """Its index and HEAD may have moved on since."""
    source = world.copy("alice", tmp_path / "source")
    plant(source, path)
    reader = source.person.having(CI=ci)
    clone = reader.clone(source, tmp_path / "clone")
    clone.git("reset", "--quiet", "HEAD~")
    for _ in range(2):  # the first one may leave a record of keys
        assert EVIL not in clone.sealedfiles("get", path, USER_KEYS[path], code=4)
    clone.git("checkout", "--quiet", "--", path)
    assert clone.sealedfiles("get", path, USER_KEYS[path]) == "s3cr3t-user\n"


@pytest.mark.slow
@pytest.mark.parametrize("attributes", ["", "eol=crlf"])
@pytest.mark.parametrize("command", [["restore", "--source"], ["checkout"]])
def test_nor_does_it_give_out_what_git_wrote_from_a_commit_that_it_never_was_at(
    world: World, command: list[str], attributes: str, tmp_path: Path
) -> None:
    source = world.copy("alice", tmp_path / "source")
    (source.path / ".gitattributes").open("a").write(f"{YAML} {attributes}\n" * bool(attributes))
    source.git("commit", "--quiet", "--no-verify", "--all", "--allow-empty", "--message", "ends")
    plant(source, YAML)
    source.git("branch", "pr")
    source.git("reset", "--quiet", "--hard", "HEAD~")
    clone = source.person.having(CI="true").clone(source, tmp_path / "clone")
    clone.git(*command, "origin/pr", "--", YAML)
    clone.git("restore", "--staged", "--", YAML)
    for words in (["get", YAML, USER_KEYS[YAML]], ["cat", YAML], ["run", "-f", YAML, "--", "env"]):
        assert EVIL not in clone.sealedfiles(*words, code=4)
    text = clone.read(YAML).replace(EVIL, "typed")
    clone.write(YAML, text)
    assert clone.sealedfiles("get", YAML, USER_KEYS[YAML]) == "typed\n"
    clone.git(*command, "origin/pr", "--", YAML)
    clone.git("restore", "--staged", "--", YAML)
    clone.sealedfiles("unlock")
    clone.write(YAML, f"{clone.read(YAML)}more: typed\n")
    clone.git("add", "--", YAML, code=None)
    assert EVIL not in clone.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)


def test_nor_what_the_shell_wrote_from_a_commit(repo: Repo) -> None:
    """`git show COMMIT:FILE > FILE` goes past the filter."""
    plant(repo, YAML)
    text = repo.git("show", f"HEAD:{YAML}")
    repo.git("branch", "pr")
    repo.git("reset", "--quiet", "--hard", "HEAD~")
    repo.write(YAML, text)
    for words in (["get", YAML, USER_KEYS[YAML]], ["cat", YAML], ["run", "-f", YAML, "--", "env"]):
        assert EVIL not in repo.sealedfiles(*words, code=4)
    repo.write(YAML, text.replace(EVIL, "typed"))
    assert repo.sealedfiles("get", YAML, USER_KEYS[YAML]) == "typed\n"


def test_nor_does_it_resolve_an_alias_of_such_a_commit(world: World, tmp_path: Path) -> None:
    source = world.copy("alice", tmp_path / "source")
    stored = source.blob("HEAD", YAML).decode().replace("database:\n", "database: &d\n")
    commit_blob(source, YAML, f"{stored}motd: *d\n")
    source.git("branch", "pr")
    source.git("reset", "--quiet", "--hard", "HEAD~")
    clone = source.person.clone(source, tmp_path / "clone")
    clone.git("restore", "--source=origin/pr", "--", YAML)
    assert "s3cr3t" not in clone.sealedfiles("get", YAML, "motd", "--json", code=4)


def push_blob(repo: Repo, data: bytes, attributes: str) -> None:
    """Commit *data* as the file at YAML, with *attributes*, as somebody does who has no filter."""
    commit_blob(repo, YAML, data.decode())
    repo.write(".gitattributes", f"{repo.read('.gitattributes')}{YAML} {attributes}\n")
    repo.git("add", ".gitattributes")
    repo.git("commit", "--quiet", "--no-verify", "--message", "attributes")


@pytest.mark.parametrize("encoding", ["IBM037", "IBM500", "UTF-16LE", "UTF-16BE"])
def test_what_git_wrote_in_another_encoding_is_plaintext_of_git(
    world: World, encoding: str, tmp_path: Path
) -> None:
    """git stores a text that nobody can read, and writes this one without the filter."""
    source = world.copy("alice", tmp_path / "source")
    codec = encoding.lower().replace("ibm", "cp")
    text = f"database:\n  user: {EVIL}\n# even\n" + "#" * (encoding.startswith("UTF"))
    text += "" if len(text) % 2 == 0 else "#"
    pushed = text.encode().decode(codec)
    push_blob(source, pushed.encode(), f"working-tree-encoding={encoding}")
    clone = source.person.clone(source, tmp_path / "clone")
    assert clone.read(YAML) == text
    assert EVIL not in clone.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)
    clone.write(YAML, f"{text}\nmine: s3cr3t-mine\n")
    clone.sealedfiles("unlock")
    clone.git("add", YAML, code=None)
    assert EVIL not in clone.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)


def test_a_name_that_looks_like_a_stage_of_the_index_is_read_as_a_name(
    world: World, tmp_path: Path
) -> None:
    """git reads `:1:app.env` as stage 1 of app.env."""
    source = world.copy("alice", tmp_path / "source")
    for name in ("0:app.env", "1:app.env"):
        source.write(name, "a pointer\n")
        oid = source.git("hash-object", "-w", "--no-filters", name).strip()
        source.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{name}")
    source.write(".gitattributes", f"{source.read('.gitattributes')}?:app.env filter=large\n")
    source.git("add", ".gitattributes")
    source.git("commit", "--quiet", "--no-verify", "--message", "pointers")
    (tmp_path / "evil").write_text(f"DB_USER={EVIL}\n")
    smudge = f"filter.large.smudge=cat '{tmp_path}/evil'"
    clone = source.person.clone(source, tmp_path / "clone", "--config", smudge)
    for name in ("0:app.env", "1:app.env"):
        assert clone.read(name) == f"DB_USER={EVIL}\n"
        assert EVIL not in clone.sealedfiles("get", name, "DB_USER", code=4)


@pytest.mark.parametrize("how", ["filter", "replace"])
def test_what_git_wrote_in_the_place_of_its_version_is_plaintext_of_git(
    world: World, how: str, tmp_path: Path
) -> None:
    source = world.copy("alice", tmp_path / "source")
    reader = source.person
    evil = forge_user(source.blob("HEAD", YAML).decode())
    if how == "filter":
        push_blob(source, b"a pointer\n", "filter=large")
        (tmp_path / "evil").write_text(evil)
    smudge = f"filter.large.smudge=cat '{tmp_path}/evil'"
    clone = reader.clone(source, tmp_path / "clone", "--config", smudge)
    if how == "replace":
        new = clone.git("hash-object", "-w", "--stdin", answers=evil).strip()
        clone.git("replace", clone.git("rev-parse", f"HEAD:{YAML}").strip(), new)
        (clone.path / YAML).unlink()
        clone.git("checkout", "--", YAML)
    assert EVIL in clone.read(YAML)
    assert EVIL not in clone.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)


def test_values_are_printed_if_allowed(planted: Repo) -> None:
    allow = "--allow-plaintext"
    assert planted.sealedfiles("get", YAML, USER_KEYS[YAML], allow) == f"{EVIL}\n"
    assert EVIL in planted.sealedfiles("cat", YAML, allow)
    assert f"DATABASE_USER={EVIL}" in planted.sealedfiles("run", "-f", YAML, allow, "--", "env")
    planted.sealedfiles("unseal", YAML, allow)


def test_with_a_group_only_what_is_sealed_to_it_counts(planted: Repo) -> None:
    shown = planted.sealedfiles("cat", YAML, "--group", "production", "--format", "json")
    assert EVIL not in shown
    assert json.loads(shown)["production"] == {"pin": "s3cr3t-production"}


def test_other_values_of_the_file_are_printed(planted: Repo) -> None:
    assert planted.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"


@every_file
def test_the_same_in_every_format(repo: Repo, path: str) -> None:
    plant(repo, path)
    assert "seals it" in repo.stderr, "smudge warns"
    assert USER_KEYS[path] in repo.stderr
    repo.sealedfiles("get", path, USER_KEYS[path], code=4)
    assert repo.sealedfiles("get", path, OTHER[path]) == "s3cr3t-api-alpha\n"


def test_a_value_that_git_does_not_have_is_the_users_own(repo: Repo) -> None:
    plant(repo, YAML)
    repo.edit(YAML, f'"{EVIL}"', "s3cr3t-own")
    assert repo.sealedfiles("get", YAML, USER_KEYS[YAML]) == "s3cr3t-own\n"
    repo.sealedfiles("run", "-f", YAML, "--", "true")
    repo.edit(YAML, "s3cr3t-own", EVIL)
    repo.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)


def test_a_token_of_another_group_is_refused_in_an_open_file(repo: Repo) -> None:
    """Bob reads only `default`: he can create a token of that group for the key of a production value."""
    text = repo.blob("HEAD", YAML).decode()
    token = re.search(r'pin: "(sealed:[^"]+)"', text)
    assert token
    lines = repo.read(".git/sealedfiles/keys").split("\n")
    line = next(line for line in lines if line.startswith("default "))
    secret = parse_key_line(line.removeprefix("default ")).secret
    key = FileKey("default", secret, split(token[1]).file_id)
    place = key_step("production") + key_step("pin")
    forged = key.seal(VALUE, 0, key.path_tag(place), b"s3cr3t-forged")
    commit_blob(repo, YAML, text.replace(token[1], forged))
    assert "s3cr3t-forged" in repo.read(YAML)
    repo.sealedfiles("get", YAML, "production.pin", code=4)
    assert "but the policy seals it to production" in repo.stderr
    repo.sealedfiles("cat", YAML, code=4)
    repo.sealedfiles("get", YAML, "production.pin", "--allow-plaintext", code=4)
    assert repo.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"


def test_python_raises(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant(repo, YAML)
    for name, value in repo.person.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TamperedError, match=r"database\.user"):
        load(repo.path / YAML)
    assert load(repo.path / YAML, allow_plaintext=True)["database"]["user"] == EVIL
    document = Document.open(repo.path / YAML)
    with pytest.raises(TamperedError):
        document.get("database.user")
    assert document.get("api.token") == "s3cr3t-api-alpha"
    document.set("database.user", "s3cr3t-own")
    assert document.get("database.user") == "s3cr3t-own"
    assert document.data()["database"]["user"] == "s3cr3t-own"


def test_a_file_that_the_policy_does_not_track_is_no_secret(repo: Repo) -> None:
    repo.write("defaults.yaml", "port: 8080\n")
    repo.write("sealed-once.yaml", "pin: s3cr3t-1\nport: 1\n")
    repo.sealedfiles("seal", "sealed-once.yaml")
    repo.commit("files that no pattern tracks")
    assert repo.sealedfiles("get", "defaults.yaml", "port") == "8080\n"
    assert "PORT=8080" in repo.sealedfiles("run", "-f", "defaults.yaml", "--", "env")
    commit_blob(repo, "sealed-once.yaml", "pin: forged\n")
    repo.sealedfiles("get", "defaults.yaml", "port")
    text = repo.blob("HEAD~1", "sealed-once.yaml").decode().replace("port: ", "port: 2 # ", 1)
    commit_blob(repo, "sealed-once.yaml", f"{text}forged: x\n")
    repo.sealedfiles("get", "sealed-once.yaml", "forged", code=4)


@pytest.mark.parametrize("weaker", ["version: 1\ntracked: []\n", "version: 1\n"])
def test_a_policy_that_nobody_accepted_leaves_no_file_out(
    repo: Repo, origin: Path, tmp_path: Path, weaker: str
) -> None:
    plant(repo, YAML)
    repo.write(".sealedfiles/policy.yaml", weaker)
    repo.git("add", ".sealedfiles")
    repo.git("commit", "--quiet", "--no-verify", "--message", "weaker")
    repo.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)
    repo.git("push", "--quiet", "--no-verify", str(origin), "HEAD:main", "--force")
    fresh = repo.person.clone(origin, tmp_path / "fresh")
    assert EVIL not in fresh.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)


@pytest.fixture
def exported(repo: Repo, tmp_path: Path) -> Repo:
    """The files of a commit without .git, as in a container."""
    folder = tmp_path / "app"
    folder.mkdir()
    app = Repo(repo.person, folder)
    for name in repo.git("ls-files").split():
        app.write(name, repo.blob("HEAD", name))
    return app


def test_outside_git_plaintext_is_refused_as_nothing_shows_who_wrote_it(exported: Repo) -> None:
    assert exported.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"
    exported.write(YAML, forge_user(exported.read(YAML)))
    for command in (
        ["get", YAML, USER_KEYS[YAML]],
        ["cat", YAML],
        ["cat", YAML, "--group", "default"],
        ["run", "-f", YAML, "--", "env"],
    ):
        assert EVIL not in exported.sealedfiles(*command, code=4)
        assert f"{YAML}:7: database.user: in plaintext, but" in exported.stderr
        assert f"sealedfiles seal {YAML}" in exported.stderr
    assert exported.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"
    allowed = exported.sealedfiles("get", YAML, USER_KEYS[YAML], "--allow-plaintext")
    assert allowed == f"{EVIL}\n"
    exported.sealedfiles("seal", YAML)
    assert exported.sealedfiles("get", YAML, USER_KEYS[YAML]) == f"{EVIL}\n"


@pytest.mark.parametrize("nested", [False, True])
def test_outside_git_no_rule_counts_that_the_users_groups_do_not_prove(
    exported: Repo, nested: bool
) -> None:
    exported.write(YAML, forge_user(exported.read(YAML)))
    folder = "secrets/.sealedfiles" if nested else ".sealedfiles"
    exported.write(
        f"{folder}/policy.yaml", "version: 1\nrules:\n  - files: '**'\n    plain: true\n"
    )
    key = exported.person.identities.read_text()
    expected = exported.read(".sealedfiles/keys/default/epochs").split(" ")[0]
    exported.person = exported.person.having(
        SEALEDFILES_KEY=key, SEALEDFILES_EXPECT=f"default={expected}"
    )
    assert EVIL not in exported.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)


def test_outside_git_a_copy_of_a_file_next_to_the_original_is_refused(exported: Repo) -> None:
    exported.write("other/app.yaml", exported.read(YAML))
    exported.sealedfiles("get", "other/app.yaml", OTHER[YAML], code=4)
    assert "its token has the file id of another file" in exported.stderr
    assert exported.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"
    (exported.path / YAML).unlink()
    exported.write("other/notes.txt", exported.read("other/app.yaml"))  # which is not sealed
    (exported.path / "other/link.yaml").symlink_to("app.yaml")
    assert exported.sealedfiles("get", "other/app.yaml", OTHER[YAML]) == "s3cr3t-api-alpha\n"


@pytest.mark.parametrize(
    "command", [["set", YAML, OTHER[YAML], "--value", "new"], ["unset", YAML, OTHER[YAML]]]
)
def test_outside_git_a_change_of_one_value_seals_no_other(
    exported: Repo, command: list[str]
) -> None:
    exported.write(YAML, forge_user(exported.read(YAML)))
    exported.sealedfiles(*command)
    assert EVIL not in exported.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)
    exported.sealedfiles("reseal", YAML)
    assert EVIL not in exported.sealedfiles("get", YAML, USER_KEYS[YAML], code=4)


def test_outside_git_values_under_a_retired_key_are_resealed_only_on_request(
    repo: Repo, tmp_path: Path
) -> None:
    old = repo.blob("HEAD", YAML)
    repo.sealedfiles("keygen", "--deploy", "ci", "--to", "default")
    repo.commit("a deploy key")
    repo.sealedfiles("revoke", "ci", "--yes")
    repo.commit("revoke")
    app = Repo(repo.person, tmp_path / "app")
    app.path.mkdir()
    for name in repo.git("ls-files", ".sealedfiles").split():
        app.write(name, repo.blob("HEAD", name))
    app.write(YAML, old)
    app.sealedfiles("get", YAML, OTHER[YAML], code=4)
    app.sealedfiles("reseal", YAML, code=1)
    assert "under a retired key" in app.stderr
    app.sealedfiles("get", YAML, OTHER[YAML], code=4)
    app.sealedfiles("reseal", YAML, "--yes")
    assert app.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"


@pytest.mark.parametrize("line", ["x:\u2028  evil\u2028y: z", "note: |  # \x85evil: 1\n  text"])
def test_a_text_that_yaml_1_1_divides_into_other_lines_is_not_printed(
    repo: Repo, line: str
) -> None:
    commit_blob(repo, YAML, repo.blob("HEAD", YAML).decode() + line + "\n")
    for command in (["cat", YAML], ["cat", YAML, "--group", "default"]):
        assert repo.sealedfiles(*command, code=4) == ""
        assert "is a line end in YAML 1.1" in repo.stderr
    assert repo.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"
    assert "evil" in repo.sealedfiles("cat", YAML, "--allow-plaintext")


def test_outside_git_an_alias_is_refused_and_other_values_are_given(exported: Repo) -> None:
    text = exported.read(YAML).replace("database:\n", "database: &d\n")
    exported.write(YAML, f"{text}motd: *d\n")
    assert exported.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"
    exported.sealedfiles("get", YAML, "motd", "--json", code=4)
    assert "refers in plaintext to database" in exported.stderr


def test_outside_git_a_second_folder_further_down_is_refused(exported: Repo) -> None:
    """It could have keys that are encrypted to the readers, and a policy that these keys prove."""
    for name in exported.path.glob(".sealedfiles/**/*"):
        if name.is_file():
            copy = exported.path / "secrets" / name.relative_to(exported.path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(name.read_bytes())
    for command in (["get", YAML, OTHER[YAML]], ["cat", YAML], ["run", "-f", YAML, "--", "env"]):
        assert exported.sealedfiles(*command, code=4) == ""
        assert "it is unknown which one applies" in exported.stderr


def test_a_file_without_values_is_judged_as_a_whole(repo: Repo) -> None:
    repo.sealedfiles("track", "*.p12")
    commit_blob(repo, "store.p12", "planted\n")
    assert "store.p12: the file is in plaintext" in repo.stderr
    repo.sealedfiles("cat", "store.p12", code=4)
    assert repo.sealedfiles("cat", "store.p12", "--allow-plaintext") == "planted\n"
    repo.write("store.p12", "own\n")
    assert repo.sealedfiles("cat", "store.p12") == "own\n"


def test_status_fix_names_the_commit_and_asks(repo: Repo) -> None:
    plant(repo, YAML)
    short = repo.git("rev-parse", "--short", "HEAD").strip()
    repo.sealedfiles("status", "--fix", code=1)
    assert f"since commit {short} (alice, " in repo.stderr
    assert "tune the pool" in repo.stderr
    assert "database.user" in repo.stderr
    assert EVIL in repo.blob("", YAML).decode(), "nobody has agreed"
    repo.sealedfiles("status", "--fix", "--yes")
    assert EVIL not in repo.blob("", YAML).decode()
    repo.commit("sealed on purpose")
    assert repo.sealedfiles("get", YAML, USER_KEYS[YAML]) == f"{EVIL}\n"


def test_so_does_seal(repo: Repo) -> None:
    plant(repo, YAML)
    repo.sealedfiles("seal", YAML, code=1)
    assert "tune the pool" in repo.stderr
    assert EVIL in repo.read(YAML)
    repo.sealedfiles("seal", YAML, "--yes")
    assert EVIL not in repo.read(YAML)


def test_reading_starts_one_process_more_at_most(repo: Repo, tmp_path: Path) -> None:
    log = tmp_path / "log"
    person: Person = repo.person.having(GIT_TRACE=str(log))
    count = {}
    for state in ("open", "sealed"):
        if state == "sealed":
            repo.write(YAML, repo.blob("HEAD", YAML))
        log.unlink(missing_ok=True)
        Repo(person, repo.path).sealedfiles("get", YAML, OTHER[YAML])
        count[state] = log.read_text().count("git cat-file")
    # One reads git's version of the file; the accepted policy and the epochs are read through another.
    assert count["open"] <= count["sealed"] + 1


# -- the last line of wrapped base64, which earlier versions did not seal


LINE = "xpkQD+xI0DhX9DSFbtxjibMCOVx6rNRGk2edxwq+MyzL3K3TDtQuG+ANAENL8uI2zshl8QkLb+1p"
URL_LINE = LINE.replace("+", "-").replace("D", "_")


def store_last_line(repo: Repo, text: str, last: str, stored: str) -> None:
    """Commit *text* and the line *last*, with *stored* in git instead of *last*."""
    repo.write("wrapped.env", f"{text}\n{last}\nB=1\n")
    repo.commit("wrapped")
    sealed = repo.blob("HEAD", "wrapped.env").decode()
    lines = sealed.split("\n")
    assert last not in sealed
    lines[-3] = stored
    (repo.path / "wrapped.env").unlink()
    commit_blob(repo, "wrapped.env", "\n".join(lines))


@pytest.mark.parametrize("text", [f"KEY={LINE}", f"KEY={URL_LINE}", URL_LINE])
def test_a_last_line_of_base64_that_was_not_sealed_is_printed(repo: Repo, text: str) -> None:
    store_last_line(repo, text, "UpAGrRo=", "UpAGrRo=")
    assert "in plaintext" not in repo.stderr
    assert repo.sealedfiles("cat", "wrapped.env") == f"{text}\nUpAGrRo=\nB=1\n"
    assert repo.sealedfiles("run", "-f", "wrapped.env", "--", "printenv", "B") == "1\n"
    repo.write("wrapped.env", f"{text}\nUpAGrRo=\nB=2\n")
    repo.commit("changed")
    assert b"UpAGrRo" not in repo.blob("HEAD", "wrapped.env")


@pytest.mark.parametrize("text", [f"KEY={LINE}", URL_LINE])
def test_other_lines_of_base64_in_plaintext_are_not(repo: Repo, text: str) -> None:
    store_last_line(repo, text, "UpAGrR==", "evil1R==")
    assert "1 value (.) is in plaintext in git" in repo.stderr
    repo.sealedfiles("cat", "wrapped.env", code=4)


def test_a_last_line_below_a_plaintext_value_is_not(repo: Repo) -> None:
    store_last_line(repo, f"KEY={LINE}", "UpAGrRo=", "UpAGrRo=")
    sealed = repo.blob("HEAD", "wrapped.env").decode().split("\n")
    (repo.path / "wrapped.env").unlink()
    commit_blob(repo, "wrapped.env", "\n".join([f"KEY={LINE}", *sealed[1:]]))
    assert "2 values (KEY, .) are in plaintext in git" in repo.stderr


def test_a_repository_that_git_cannot_read_is_named(repo: Repo) -> None:
    repo.sealedfiles("lock")
    (repo.path / ".git/HEAD").unlink()
    assert repo.sealedfiles("get", YAML, OTHER[YAML]) == "s3cr3t-api-alpha\n"
    assert "git cannot read the repository here" in repo.stderr


# -- names


def test_commands_in_hints_name_a_file_with_control_characters_as_it_is(
    repo: Repo, tmp_path: Path
) -> None:
    name = "e\x1b[2J.env"
    repo.write(name, "A=s3cr3t-one\nB=plain\n")
    repo.commit("a name")
    copied = repo.copy(tmp_path / "copy")
    repo.git("rm", "--quiet", "--cached", "--", name)
    commit_blob(repo, name, f"A={EVIL}\n")
    for command in (["get", name, "A"], ["cat", name]):
        repo.sealedfiles(*command, code=4)
        assert "git log -p -- $'e\\033[2J.env'" in repo.stderr
        assert "seal" in repo.stderr
    stored = copied.blob("HEAD", name).decode()
    commit_blob(copied, name, stored.replace("A=", "B=", 1).replace("\nB=", "\nA=", 1))
    copied.sealedfiles("get", name, "A", code=4)
    assert "git log -p -- $'e\\033[2J.env'" in copied.stderr
    assert "e\\x1b[2J.env:" in copied.stderr
