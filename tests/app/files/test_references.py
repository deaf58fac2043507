"""A plaintext reference to a sealed value is not resolved by default."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from people import ENV, YAML, Repo, assert_no_plaintext, commit_blob, program

from sealedfiles import TamperedError, load, load_env
from sealedfiles.app.files import references
from sealedfiles.formats.dotenv.values import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytestmark = pytest.mark.many_variants

ALIASES = """\
motd: *d
footer:
  <<: *d
listed:
- *d
"""


def anchored(repo: Repo) -> None:
    """Commit aliases of sealed values, as somebody without keys can."""
    text = repo.blob("HEAD", YAML).decode()
    text = text.replace("database:\n", "database: &d\n")
    commit_blob(repo, YAML, text + ALIASES)
    assert "motd: *d" in repo.read(YAML)


@pytest.mark.parametrize(
    "path", ["motd.password", "footer.password", "listed[0].password", "motd", "."]
)
def test_an_alias_in_git_prints_no_sealed_value(repo: Repo, path: str) -> None:
    anchored(repo)
    for options in ([], ["--json"]):
        shown = repo.sealedfiles("get", YAML, path, *options, code=None)
        assert "s3cr3t" not in shown
    repo.sealedfiles("get", YAML, path, "--json", code=4)
    assert "refers in plaintext to database" in repo.stderr
    assert f"git log -p -- {YAML}" in repo.stderr
    repo.sealedfiles("get", YAML, path, "--json", "--allow-plaintext")


def test_its_own_place_gives_it_out(repo: Repo) -> None:
    anchored(repo)
    assert repo.sealedfiles("get", YAML, "database.password") == "s3cr3t-db-alpha\n"
    repo.sealedfiles("run", "-f", YAML, "--only", "database.**", "--", "true")
    for command in (
        ["run", "-f", YAML, "--", "env"],
        ["cat", YAML, "--format", "json"],
        ["cat", YAML, "--format", "shell"],
    ):
        assert "s3cr3t" not in repo.sealedfiles(*command, code=4)


def test_an_alias_that_the_user_typed_is_the_users_own(repo: Repo) -> None:
    repo.edit(YAML, "database:\n", "database: &d\n")
    repo.write(YAML, repo.read(YAML) + "motd: *d\n")
    assert repo.sealedfiles("get", YAML, "motd.password") == "s3cr3t-db-alpha\n"


@pytest.mark.parametrize(
    ("anchored", "alias", "key"),
    [
        ("service: &s\n", "other: *s\n", "other.name"),
        ("service: &s\n", "other: {<<: *s, x: 1}\n", "other.name"),
        ("? &s evil.example\n: 1\nservice:\n", "other: *s\n", "other"),
        ("? &s 5432\n: 1\nservice:\n", "other: [*s]\n", "other[0]"),
    ],
    ids=["plain-values", "merged", "key", "number-as-key"],
)
def test_an_alias_of_anything_in_plaintext_is_resolved_only_where_values_stay_plain(
    repo: Repo, anchored: str, alias: str, key: str
) -> None:
    text = repo.blob("HEAD", YAML).decode().replace("service:\n", anchored)
    commit_blob(repo, YAML, text + alias)
    repo.sealedfiles("get", YAML, key, code=4)
    assert f"{YAML}:" in repo.stderr
    assert "refers in plaintext to" in repo.stderr
    repo.sealedfiles("get", YAML, key, "--allow-plaintext")
    repo.sealedfiles("track", "secrets/**/*.yaml", "--values", "other", "--plain", "--yes")
    repo.sealedfiles("track", "secrets/**/*.yaml", "--values", "other.**", "--plain", "--yes")
    repo.sealedfiles("track", "secrets/**/*.yaml", "--values", "other[]", "--plain", "--yes")
    repo.sealedfiles("get", YAML, key)


@pytest.mark.parametrize("dialect", ["python", "compose", "bash"])
@pytest.mark.parametrize(
    "written", ["x${DB_USER}", "$DB_USER", '"x${DB_USER}"', "${NO_SUCH:-${DB_USER}}", "x${APP_VIA}"]
)
def test_a_plain_variable_of_git_takes_in_no_sealed_one(
    repo: Repo, written: str, dialect: str
) -> None:
    """The policy leaves ``APP_*`` in plaintext."""
    text = repo.blob("HEAD", ENV).decode()
    commit_blob(repo, ENV, f"{text}APP_VIA=${{DB_USER}}\nAPP_URL={written}\nAPP_OWN=$APP_NAME\n")
    options = ["--dialect", dialect]
    code = None if dialect == "python" else 4
    for command in (["get", ENV, "APP_URL", *options], ["run", "-f", ENV, *options, "--", "env"]):
        shown = repo.sealedfiles(*command, code=code)
        urls = [line for line in shown.split("\n") if "APP_URL" in line or command[0] == "get"]
        assert not any("s3cr3t" in line for line in urls)
    repo.sealedfiles("get", ENV, "APP_OWN", *options)
    assert repo.sealedfiles("get", ENV, "DB_USER", *options) == "s3cr3t-user\n"


@pytest.mark.parametrize("how", ["run", "load_env", "load"])
def test_nor_does_a_file_that_is_read_after_the_sealed_variable_was_set(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """By another call, or by a command that `run` started."""
    later = "other.env"
    commit_blob(repo, later, "APP_HOOK=https://evil/${DB_USER}\n")
    if how == "run":
        inner = ["run", "-f", later, "--", "env"]
        assert "s3cr3t" not in repo.sealedfiles(*inner)
        repo.sealedfiles("run", "-f", ENV, "--", *program(), *inner, code=4)
        assert f"{later}:1: APP_HOOK: refers in plaintext to a value elsewhere" in repo.stderr
        return
    monkeypatch.setattr(os, "environ", {**os.environ, **repo.person.variables})
    monkeypatch.chdir(repo.path)
    load_env(ENV)
    assert os.environ["DB_USER"] == "s3cr3t-user"
    with pytest.raises(TamperedError, match="APP_HOOK: refers in plaintext"):
        load_env(later) if how == "load_env" else load(later)


def test_a_typed_reference_is_the_users_own_and_a_sealed_one_its_authors(repo: Repo) -> None:
    repo.write(ENV, repo.read(ENV) + "APP_URL=x${DB_USER}\nDB_URL=y${DB_USER}\n")
    assert repo.sealedfiles("get", ENV, "APP_URL") == "xs3cr3t-user\n"
    assert repo.sealedfiles("get", ENV, "DB_URL") == "ys3cr3t-user\n"
    repo.commit("references")
    assert repo.sealedfiles("get", ENV, "DB_URL") == "ys3cr3t-user\n"
    repo.sealedfiles("get", ENV, "APP_URL", code=4)
    line = repo.read(ENV)[: repo.read(ENV).index("APP_URL")].count("\n") + 1
    assert f"{ENV}:{line}: APP_URL: refers in plaintext to DB_USER" in repo.stderr


def test_a_sealed_value_takes_in_no_plaintext_that_could_be_anybodys(repo: Repo) -> None:
    repo.write(ENV, repo.read(ENV) + "DB_URL=//${DB_USER}@host\n")
    repo.commit("a reference")
    text = repo.blob("HEAD", ENV).decode()
    line = next(line for line in text.split("\n") if line.startswith("DB_USER="))
    commit_blob(repo, ENV, text.replace(line, "DB_USER=evil"))
    repo.sealedfiles("get", ENV, "DB_URL", code=4)
    assert "evil" in repo.sealedfiles("get", ENV, "DB_URL", "--allow-plaintext")


@pytest.mark.parametrize(
    ("dialect", "value"),
    [
        ("python", "`x\nDB_USER=evil\n`"),
        ("python", "x\\\nDB_USER=evil"),
        ("python", "-----BEGIN X-----\nDB_USER=evil\n-----END X-----"),
        ("node", "x\\\nDB_USER=evil"),
        ("compose", "x\\\nDB_USER=evil"),
        ("bash", 'a"b"; DB_USER=evil'),
        ("bash", "a DB_USER=evil"),
        ("docker", '"x\nDB_USER=evil\n"'),
    ],
)
def test_a_plain_value_of_git_hides_no_assignment_of_a_sealed_variable(
    repo: Repo, dialect: str, value: str
) -> None:
    """Sealing finds one value, which the policy leaves in plaintext; the dialect reads two variables."""
    text = "".join(
        line
        for line in repo.blob("HEAD", ENV).decode().splitlines(keepends=True)
        if line.startswith(("DB_USER=", "DB_PASSWORD="))
    )
    commit_blob(repo, ENV, f"{text}APP_NOTE={value}\n")
    options = ["--dialect", dialect]
    for command in (
        ["get", ENV, "DB_USER", *options],
        ["run", "-f", ENV, *options, "--", "env"],
        ["cat", ENV, "--format", "json", *options],
    ):
        assert "evil" not in repo.sealedfiles(*command, code=4)
        assert f"DB_USER: the dialect {dialect} reads text for this variable" in repo.stderr
    assert "evil" in repo.sealedfiles("get", ENV, "DB_USER", *options, "--allow-plaintext")
    assert "s3cr3t-db-alpha" in repo.sealedfiles("get", ENV, "DB_PASSWORD", *options)
    out = repo.sealedfiles("check", ENV, code=1)
    assert "reads this value from plaintext [duplicate-key]" in out


@pytest.mark.parametrize(
    "value",
    [
        "C:\\data\\\nDB_USER=s3cr3t",
        "-----BEGIN X-----\nDB_USER=s3cr3t\n-----END X-----",
        "a DB_USER=s3cr3t",
    ],
)
def test_a_plain_value_in_which_a_dialect_reads_a_sealed_variable_is_not_stored(
    repo: Repo, value: str
) -> None:
    """A backslash at the end of the line before may be that of somebody without a key."""
    repo.write(ENV, f"DB_PASSWORD=s3cr3t-db\nAPP_DIR={value}\n")
    repo.git("add", ENV, code=128)
    assert f"{ENV}:2: the policy leaves APP_DIR in plaintext, but the dialect" in repo.stderr
    assert "reads DB_USER in it, which it seals; nothing was stored" in repo.stderr
    assert_no_plaintext(repo)
    repo.write(ENV, f"DB_PASSWORD=s3cr3t-db\nAPP_DIR='{value.splitlines()[0]}'\n")
    if "DB_USER" not in value.splitlines()[0]:
        repo.git("add", ENV)


@pytest.mark.parametrize(
    ("text", "program", "name"),
    [
        ("# c\u2028DB_USER=s3cr3t-new\n", "node", "DB_USER"),
        ("DB_USER='x' # c\u2029DB_PASSWORD=s3cr3t\n", "node", "DB_PASSWORD"),
        ('DB_USER="C:\\\\"\n# it is s3cr3t"\n', "node", "DB_USER"),
        ("DB_USER=x\nAPP_A='\\\\'\nAPP_B='\nDB_PASSWORD=s3cr3t\n'\n", "the dialect", "DB_PASSWORD"),
    ],
)
def test_text_that_another_program_reads_as_a_sealed_variable_is_not_stored(
    repo: Repo, text: str, program: str, name: str
) -> None:
    repo.write(ENV, text)
    repo.git("add", ENV, code=128)
    assert program in repo.stderr
    assert name in repo.stderr
    assert "which the policy seals; nothing was stored" in repo.stderr or "which it seals" in (
        repo.stderr
    )
    assert_no_plaintext(repo)


@pytest.mark.parametrize(
    "text",
    ["# c\u2028d\nDB_USER=x\n", 'DB_USER="C:\\\\" # a "remark"\n', "DB_USER='a\u2028b'\n# c\n"],
)
def test_text_that_no_program_reads_as_part_of_it_is_stored(repo: Repo, text: str) -> None:
    repo.write(ENV, text)
    repo.git("add", ENV)


def test_a_plain_value_in_which_a_dialect_reads_a_plain_variable_is_stored(repo: Repo) -> None:
    repo.write(ENV, "DB_PASSWORD=s3cr3t-db\nAPP_DIR=C:\\data\\\nAPP_NAME=orders\n")
    repo.commit("a backslash")
    assert "APP_DIR=C:\\data\\\nAPP_NAME=orders\n" in repo.blob("HEAD", ENV).decode()


@pytest.mark.parametrize(
    ("plain", "dialect"), [("https://log/'", "bash"), ("'", "bash"), ("'", "compose")]
)
def test_a_quote_of_git_takes_in_no_sealed_value(repo: Repo, plain: str, dialect: str) -> None:
    """It ends in a value that its author has sealed, with a quote in it."""
    repo.write(ENV, "APP_URL=x\nDB_USER=s3cr3t-user\nDB_PASSWORD=s3cr3t-don't\n")
    repo.commit("an apostrophe")
    stored = repo.blob("HEAD", ENV).decode()
    commit_blob(repo, ENV, stored.replace("APP_URL=x", f"APP_URL={plain}"))
    options = ["--dialect", dialect]
    for command in (["get", ENV, "APP_URL", *options], ["run", "-f", ENV, *options, "--", "env"]):
        assert "s3cr3t-user" not in repo.sealedfiles(*command, code=None).replace(
            "DB_USER=s3cr3t-user", ""
        )
        assert "APP_URL: refers in plaintext to" in repo.stderr


def test_a_quote_that_the_user_typed_takes_in_what_it_does(repo: Repo) -> None:
    repo.write(ENV, "APP_URL=x\nDB_USER=s3cr3t-user\nDB_PASSWORD=s3cr3t-don't\n")
    repo.commit("an apostrophe")
    repo.write(ENV, repo.read(ENV).replace("APP_URL=x", "APP_URL=y'"))
    shown = repo.sealedfiles("get", ENV, "APP_URL", "--dialect", "bash")
    assert shown.startswith("y\nDB_USER=s3cr3t-user\n")


def test_a_line_that_a_quote_takes_in_is_sealed_and_cannot_be_replaced(repo: Repo) -> None:
    """It looks like a comment, but bash reads it as part of the value."""
    repo.write(ENV, "DB_USER=x:\"s3cr3t-one\n#s3cr3t-two\"\nDB_PASSWORD='s3cr3t-db'\n")
    repo.commit("a value of two lines")
    stored = repo.blob("HEAD", ENV).decode()
    assert "s3cr3t" not in stored
    bash = ["--dialect", "bash"]
    commands = ["get", ENV, "DB_USER", *bash], ["run", "-f", ENV, *bash, "--", "env"]
    for command in commands:
        assert "s3cr3t-one\n#s3cr3t-two\n" in repo.sealedfiles(*command)
    lines = stored.split("\n")
    commit_blob(repo, ENV, "\n".join([lines[0], '#evil"', *lines[2:]]))
    for command in commands:
        assert "evil" not in repo.sealedfiles(*command, code=4)
    repo.sealedfiles(*commands[0], code=4)
    assert "DB_USER: the dialect bash reads text for this variable" in repo.stderr
    assert repo.sealedfiles("get", ENV, "DB_PASSWORD", *bash) == "s3cr3t-db\n"


@pytest.mark.parametrize(
    ("dialect", "value"),
    [
        ("python", "`x\nPROD_PIN=evil\n`"),
        ("compose", "x\\\nPROD_PIN=evil"),
        ("bash", "a PROD_PIN=evil"),
    ],
)
def test_a_value_of_one_group_hides_no_assignment_of_another_group(
    repo: Repo, dialect: str, value: str
) -> None:
    repo.write(ENV, f"PROD_PIN='s3cr3t-production'\nDB_USER=x\nDB_NOTE={value}\n")
    repo.commit("a note, sealed by a reader of the group default only")
    options = ["--dialect", dialect]
    for command in (["get", ENV, "PROD_PIN", *options], ["run", "-f", ENV, *options, "--", "env"]):
        assert "evil" not in repo.sealedfiles(*command, code=4)
        assert f"PROD_PIN: the dialect {dialect} reads text for this variable" in repo.stderr
    assert repo.sealedfiles("get", ENV, "DB_USER", *options) == "x\n"


def test_nor_in_a_file_without_sealed_values(repo: Repo) -> None:
    commit_blob(repo, ENV, "APP_NOTE=x\\\nDB_USER=evil\n")
    repo.sealedfiles("get", ENV, "DB_USER", code=4)


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        ("node", "# x\u2028DB_USER=evil"),
        ("node", 'DB_USER=\n"evil"'),
        ("node", "\ufeffDB_USER=evil"),
        ("bash", "export export DB_USER=evil"),
        ("bash", "DB_USER+=evil"),
        ("bash", "DB_PASSWORD=x DB_USER=evil"),
        ("compose", "DB_USER:evil"),
        ("docker", "DB_USER=TOKEN # evil"),
    ],
)
def test_nor_does_a_line_that_sealing_files_under_another_name(
    repo: Repo, dialect: str, line: str
) -> None:
    text = repo.blob("HEAD", ENV).decode()
    lines = {one.split("=")[0]: one for one in text.split("\n") if "=" in one}
    line = line.replace("DB_USER=TOKEN", lines["DB_USER"])
    commit_blob(repo, ENV, f"{lines['DB_USER']}\n{line}\n")
    options = ["--dialect", dialect]
    for command in (["get", ENV, "DB_USER", *options], ["run", "-f", ENV, *options, "--", "env"]):
        assert "evil" not in repo.sealedfiles(*command, code=None)
        assert repo.stderr


@pytest.mark.parametrize(
    ("dialect", "before", "after"),
    [
        ("docker", "  ", ""),
        ("docker", "", " "),
        ("docker", "", "\x0b"),
        ("docker", "", "\u2028"),
        ("docker", "", "\r\r"),
        ("bash", "", "\r"),
        ("bash", "", "\r\r"),
        ("bash", "", "\x0b"),
    ],
)
def test_white_space_beside_a_token_is_text_if_the_dialect_reads_it(
    repo: Repo, dialect: str, before: str, after: str
) -> None:
    text = repo.blob("HEAD", ENV).decode()
    token = next(line for line in text.split("\n") if line.startswith("DB_USER=")).split("=")[1]
    commit_blob(repo, ENV, f"DB_USER={before}{token}{after}\n")
    for command in (
        ["get", ENV, "DB_USER", "--dialect", dialect],
        ["run", "-f", ENV, "--dialect", dialect, "--", "env"],
        ["cat", ENV, "--format", "json", "--dialect", dialect],
    ):
        assert "s3cr3t" not in repo.sealedfiles(*command, code=4)
        assert f"DB_USER: the dialect {dialect} reads text for this variable" in repo.stderr
    assert repo.sealedfiles("get", ENV, "DB_USER") == "s3cr3t-user\n"


@pytest.mark.parametrize("dialect", ["python", "node", "compose", "docker"])
def test_cr_lf_is_a_line_end(repo: Repo, dialect: str) -> None:
    repo.write(ENV, "DB_USER=s3cr3t-user\r\nDB_PASSWORD='x'\r\n")
    repo.commit("CR LF")
    assert repo.sealedfiles("get", ENV, "DB_USER", "--dialect", dialect) == "s3cr3t-user\n"


@pytest.mark.parametrize(
    ("line", "dialects"),
    [
        ("DB_USER", ["python"]),
        ("export DB_USER", ["python"]),
        ("DB_USER=", DIALECTS),
        ("export DB_USER=", ["python", "node", "compose", "bash"]),
    ],
)
def test_a_second_line_with_the_name_does_not_take_the_value_away(
    repo: Repo, line: str, dialects: Sequence[str]
) -> None:
    repo.write(ENV, "DB_USER=s3cr3t-user\nDB_PASSWORD=s3cr3t-db\nAPP_NAME=x\n")
    repo.commit("no blanks, which docker refuses")
    commit_blob(repo, ENV, f"{repo.blob('HEAD', ENV).decode()}{line}\n")
    for dialect in dialects:
        options = ["--dialect", dialect]
        repo.sealedfiles("get", ENV, "DB_USER", *options, code=4)
        repo.sealedfiles("run", "-f", ENV, *options, "--only", "DB_USER", "--", "env", code=4)
        if line != "DB_USER":  # as a command, it could be anything, and refuses the whole file
            assert f"DB_USER: the dialect {dialect}" in repo.stderr
            repo.sealedfiles("run", "-f", ENV, *options, "--only", "APP_NAME", "--", "env")
        repo.sealedfiles("cat", ENV, "--format", "json", *options, code=4)
        repo.sealedfiles("get", ENV, "DB_PASSWORD", *options)
    out = repo.sealedfiles("check", ENV, code=None)
    assert ("DB_USER" in out and "[duplicate-key]" in out) == (line != "export DB_USER")


def test_nor_in_place_of_it(repo: Repo) -> None:
    commit_blob(repo, ENV, "DB_USER\nexport DB_PASSWORD\n")
    repo.sealedfiles("get", ENV, "DB_USER", code=4)
    repo.sealedfiles("get", ENV, "DB_PASSWORD", code=4)


@pytest.fixture
def with_comments(repo: Repo) -> Repo:
    """A plain variable, and a sealed comment whose token anyone can copy."""
    repo.write(ENV, '# DB_OLD=s3cr3t-old\nDB_USER=s3cr3t-user\nAPP_URL="x"\nAPP_END=y\n')
    repo.commit("a comment")
    assert "s3cr3t" not in repo.blob("HEAD", ENV).decode()
    return repo


@pytest.mark.parametrize(
    ("dialect", "edit"),
    [
        ("docker", ('"x"', '"x" # TOKEN')),
        ("docker", ('"x"', '"x"\t# DB_OLD=TOKEN')),
        ("node", ("# TOKEN\n", 'APP_A="C:\\\\"\n# TOKEN\nAPP_B="\n')),
        ("node", ("# TOKEN\n", '# c\u2028APP_A="\n# TOKEN\n# "\n')),
        ("node", ("APP_END=y", 'APP_END="y')),
    ],
)
def test_a_plain_variable_of_git_shows_no_sealed_comment(
    with_comments: Repo, dialect: str, edit: tuple[str, str]
) -> None:
    repo = with_comments
    stored = repo.blob("HEAD", ENV).decode()
    token = stored.split("\n")[0].removeprefix("# ")
    old, new = (one.replace("TOKEN", token) for one in edit)
    assert old in stored
    commit_blob(repo, ENV, stored.replace(old, new))
    options = ["--dialect", dialect]
    for name in ("APP_URL", "APP_A", "APP_B", "APP_END"):
        assert "s3cr3t" not in repo.sealedfiles("get", ENV, name, *options, code=None)
    shown = repo.sealedfiles("run", "-f", ENV, *options, "--", "env", code=None)
    assert "s3cr3t-old" not in shown
    assert "s3cr3t-old" not in repo.sealedfiles("cat", ENV, "--format", "json", *options, code=None)


def test_a_plain_variable_of_git_with_a_sealed_comment_is_named(with_comments: Repo) -> None:
    repo = with_comments
    docker = ["get", ENV, "APP_URL", "--dialect", "docker"]
    assert repo.sealedfiles(*docker) == '"x"\n'
    repo.write(ENV, repo.read(ENV).replace('"x"', '"x" # DB_OLD=s3cr3t-typed'))
    assert repo.sealedfiles(*docker) == '"x" # DB_OLD=s3cr3t-typed\n'  # typed, not in git
    repo.commit("a comment beside a plain value")
    repo.sealedfiles(*docker, code=4)
    assert f"{ENV}:3: APP_URL: refers in plaintext to" in repo.stderr
    assert repo.sealedfiles("get", ENV, "APP_URL") == "x\n"
    repo.sealedfiles("check", ENV)
    repo.write(ENV, repo.read(ENV).replace("# DB_OLD=s3cr3t-typed", "# a remark"))
    repo.commit("a remark")
    assert repo.sealedfiles(*docker) == '"x" # a remark\n'


def test_a_file_that_git_does_not_have_is_the_users_own(repo: Repo) -> None:
    repo.write("own.env", "NOTE=x\\\nDB_USER=mine\n")
    assert repo.sealedfiles("get", "own.env", "DB_USER") == "mine\n"


def test_a_later_file_is_judged_beside_an_earlier_one(repo: Repo) -> None:
    commit_blob(repo, "other.env", "APP_URL=x${DB_USER}\n")
    repo.sealedfiles("run", "-f", "other.env", "--", "true")
    repo.sealedfiles("run", "-f", ENV, "-f", "other.env", "--", "true", code=4)
    assert "other.env:1: APP_URL" in repo.stderr


def test_python_raises(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    anchored(repo)
    for name, value in repo.person.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TamperedError, match="refers in plaintext"):
        load(repo.path / YAML)
    assert load(repo.path / YAML, allow_plaintext=True)["motd"]["password"] == "s3cr3t-db-alpha"


# -- variables that steer loaders


PLAIN_PRELOAD = "{files: '*.env', values: [LD_PRELOAD], plain: true}"


@pytest.fixture
def plain_preload(repo: Repo) -> Repo:
    repo.sealedfiles("track", "*.env", "--values", "LD_PRELOAD", "--plain")
    repo.commit("a rule")
    commit_blob(repo, ENV, repo.blob("HEAD", ENV).decode() + "LD_PRELOAD=/tmp/evil.so\n")
    return repo


def test_a_plain_variable_that_steers_loaders_is_refused(plain_preload: Repo) -> None:
    repo = plain_preload
    runs: list[Callable[..., str]] = [
        lambda *options, **code: repo.sealedfiles("run", "-f", ENV, *options, "--", "true", **code),
        lambda *options, **code: repo.sealedfiles(
            "cat", ENV, "--format", "shell", *options, **code
        ),
    ]
    for run in runs:
        run(code=4)
        line = repo.read(ENV).count("\n")
        assert f"{ENV}:{line}: LD_PRELOAD makes" in repo.stderr
        run("--only", "DB_*")
    assert "LD_PRELOAD" in runs[1]("--allow-variable", "LD_PRELOAD")


def test_a_sealed_one_is_set(repo: Repo) -> None:
    repo.write(ENV, repo.read(ENV) + "NODE_OPTIONS=--max-old-space-size=64\n")
    shown = repo.sealedfiles("run", "-f", ENV, "--", "env")
    assert "NODE_OPTIONS=--max-old-space-size=64" in shown
    repo.commit("options")
    assert "NODE_OPTIONS=" in repo.sealedfiles("cat", ENV, "--format", "env")


def test_a_file_that_no_pattern_tracks_is_plaintext(repo: Repo) -> None:
    repo.write("plain.json", '{"ld": {"preload": "evil.so"}}')
    command = ["run", "-f", YAML, "-f", "plain.json", "--", "true"]
    repo.sealedfiles(*command)  # the user's own file, which git does not have
    repo.git("add", "plain.json")
    repo.git("commit", "--quiet", "--no-verify", "--message", "by anybody")
    repo.sealedfiles(*command, code=4)
    assert "LD_PRELOAD makes programs load code" in repo.stderr


def test_nor_does_its_reference_take_in_a_sealed_value(repo: Repo) -> None:
    rules = repo.read(".sealedfiles/policy.yaml")
    repo.write(".sealedfiles/policy.yaml", rules.replace("*.env", "/.env"))
    repo.write(".gitattributes", repo.read(".gitattributes").replace("*.env", "/.env"))
    repo.sealedfiles("trust", "policy", "--yes")
    repo.commit("track one file")
    repo.write("plain.env", "MOTD=x${DB_USER}\n")
    repo.git("add", "plain.env")
    repo.git("commit", "--quiet", "--no-verify", "--message", "by anybody")
    assert "${" in repo.blob("HEAD", "plain.env").decode()
    printed = repo.sealedfiles("run", "-f", ENV, "-f", "plain.env", "--", "env", code=4)
    assert "s3cr3t" not in printed
    assert "MOTD: refers in plaintext to" in repo.stderr


def test_an_empty_one_is_plaintext(repo: Repo) -> None:
    commit_blob(repo, ENV, repo.blob("HEAD", ENV).decode() + "LD_PRELOAD=\n")
    repo.sealedfiles("run", "-f", ENV, "--", "true", code=4)
    assert "LD_PRELOAD makes programs load code" in repo.stderr
    repo.sealedfiles("run", "-f", ENV, "--allow-variable", "LD_PRELOAD", "--", "true")


def test_what_the_environment_has_already_is_not_replaced_and_not_refused(repo: Repo) -> None:
    repo.sealedfiles("track", "*.env", "--values", "PATH", "--plain")
    repo.write(ENV, repo.read(ENV) + "PATH=/evil\n")
    repo.sealedfiles("run", "-f", ENV, "--", "true")
    repo.sealedfiles("run", "--override", "-f", ENV, "--", "true", code=4)


def test_many_aliases_are_found_with_one_look_at_the_lines(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = repo.blob("HEAD", YAML).decode().replace("database:\n", "database: &d\n")
    commit_blob(repo, YAML, text + "listed:\n" + "- *d\n" * 100)
    lines = []
    line_of_alias = references._line_of_alias

    def counted(*one: Any) -> object:
        lines.append(one)
        return line_of_alias(*one)

    monkeypatch.setattr(references, "_line_of_alias", counted)
    for name, value in repo.person.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TamperedError, match="refers in plaintext to database"):
        load(repo.path / YAML)
    # Each is a look at the whole text.
    assert len(lines) == 1
