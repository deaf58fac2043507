"""The formats that were added later, through every everyday command and git."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from people import commit_blob

if TYPE_CHECKING:
    from people import Repo


class Sample(NamedTuple):
    """One file, with a value ``s3cr3t-one`` at ``first`` and ``s3cr3t-two`` at ``second``."""

    text: str
    data: Any
    first: str
    second: str
    disabled: tuple[str, str]
    """The start of the line of ``second``, and what comments it out; empty if there are no comments."""
    variables: str
    """What ``run`` sets, as ``NAME=value`` in the order of their names."""
    line: str = ""
    """The path of the line of ``second``, if it differs."""


SAMPLES = {
    "app.toml": Sample(
        '# about\n[db]\nhost = "h"\n\nport = 5_432\n[db.auth]\nuser = \'s3cr3t-one\'\n\npw = "s3cr3t-two"\n',
        {"db": {"host": "h", "port": 5432, "auth": {"user": "s3cr3t-one", "pw": "s3cr3t-two"}}},
        "db.auth.user",
        "db.auth.pw",
        ("pw =", "# pw ="),
        "DB_AUTH_PW=s3cr3t-two\nDB_AUTH_USER=s3cr3t-one\nDB_HOST=h\nDB_PORT=5432\n",
    ),
    "app.properties": Sample(
        "db.host=h\ndb.port = 5432\n\n# about\ndb.auth.user=s3cr3t-one\n\ndb.auth.pw: s3cr3t-two\n",
        {
            "db.host": "h",
            "db.port": "5432",
            "db.auth.user": "s3cr3t-one",
            "db.auth.pw": "s3cr3t-two",
        },
        '"db.auth.user"',
        '"db.auth.pw"',
        ("db.auth.pw:", "#db.auth.pw:"),
        "DB_AUTH_PW=s3cr3t-two\nDB_AUTH_USER=s3cr3t-one\nDB_HOST=h\nDB_PORT=5432\n",
    ),
    "app.ini": Sample(
        "; about\n[db]\nhost = h\nport: 5432\n\n[db auth]\nuser = s3cr3t-one\n\npw = s3cr3t-two\n",
        {
            "db": {"host": "h", "port": "5432"},
            "db auth": {"user": "s3cr3t-one", "pw": "s3cr3t-two"},
        },
        '"db auth".user',
        '"db auth".pw',
        ("pw =", "; pw ="),
        "DB_AUTH_PW=s3cr3t-two\nDB_AUTH_USER=s3cr3t-one\nDB_HOST=h\nDB_PORT=5432\n",
    ),
    "app.tfvars": Sample(
        '/* about */\ndb = {\n  host = "h" # h\n  port : 5432\n\n  auth = {\n    user = "s3cr3t-one"\n\n    pw = "s3cr3t-two"\n  }\n}\n',
        {"db": {"host": "h", "port": 5432, "auth": {"user": "s3cr3t-one", "pw": "s3cr3t-two"}}},
        "db.auth.user",
        "db.auth.pw",
        ("pw =", "// pw ="),
        "DB_AUTH_PW=s3cr3t-two\nDB_AUTH_USER=s3cr3t-one\nDB_HOST=h\nDB_PORT=5432\n",
    ),
    "app.ndjson": Sample(
        '{"db": {"host": "h", "port": 5432}}\n{"db": {"auth": {"user": "s3cr3t-one"}}}\n\n{"pw": "s3cr3t-two"}\n',
        [
            {"db": {"host": "h", "port": 5432}},
            {"db": {"auth": {"user": "s3cr3t-one"}}},
            {"pw": "s3cr3t-two"},
        ],
        "[1].db.auth.user",
        "[2].pw",
        ("", ""),
        "_0_DB_HOST=h\n_0_DB_PORT=5432\n_1_DB_AUTH_USER=s3cr3t-one\n",
        "[2]",
    ),
    "app.xml": Sample(
        '<?xml version="1.0"?>\n<db xmlns="urn:x">\n  <host>h</host>\n  <!-- about -->\n  <port\tn="5432" />\n'
        "  <auth>\n    <user><![CDATA[s3cr3t-one]]></user>\n    <pw>s3cr3t-two</pw>\n  </auth>\n</db>\n",
        {
            "db": {
                "host": "h",
                "port": {"@n": "5432"},
                "auth": {"user": "s3cr3t-one", "pw": "s3cr3t-two"},
            }
        },
        "db.auth.user",
        "db.auth.pw",
        ("<pw>s3cr3t-two</pw>", "<!--<pw>s3cr3t-two</pw>-->"),
        "DB_AUTH_PW=s3cr3t-two\nDB_AUTH_USER=s3cr3t-one\nDB_HOST=h\nDB_PORT__N=5432\n",
    ),
}
each = pytest.mark.parametrize("name", SAMPLES)
PRINT = "import os; [print(f'{k}={v}') for k, v in sorted(os.environ.items()) if 'DB_' in k]"


@pytest.fixture
def ready(fresh: Repo) -> Repo:
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles("track", *SAMPLES)
    fresh.git("commit", "--quiet", "--message", "set up")
    return fresh


@pytest.mark.many_variants
@each
def test_a_file_is_sealed_value_by_value_and_read_by_every_command(ready: Repo, name: str) -> None:
    sample = SAMPLES[name]
    ready.write(name, sample.text)
    ready.commit("add")
    stored = ready.blob("", name).decode()
    assert "s3cr3t" not in stored
    assert len(stored.split("\n")) == len(sample.text.split("\n"))
    assert stored.count("sealed:v1:default:") == 4
    assert ready.sealedfiles("get", name, sample.first) == "s3cr3t-one\n"
    assert json.loads(ready.sealedfiles("cat", "--format", "json", name)) == sample.data
    assert ready.sealedfiles("run", "-f", name, "--", "python3", "-c", PRINT) == sample.variables
    assert ready.sealedfiles("check", "--keyed", "--strict", name) == ""
    ready.sealedfiles("lock")
    assert ready.read(name) == stored
    ready.sealedfiles("unlock")
    assert ready.read(name) == sample.text


@pytest.mark.many_variants
@each
def test_values_are_set_and_removed_with_their_lines_only(ready: Repo, name: str) -> None:
    sample = SAMPLES[name]
    ready.write(name, sample.text)
    ready.commit("add")
    before = ready.blob("", name)
    ready.sealedfiles("set", name, sample.first, answers="s3cr3t-new")
    assert ready.read(name) == sample.text.replace("s3cr3t-one", "s3cr3t-new")
    ready.commit("set")
    after = ready.blob("", name)
    pairs = zip(before.split(b"\n"), after.split(b"\n"), strict=True)
    assert sum(old != new for old, new in pairs) == 1
    ready.sealedfiles("unset", name, sample.line or sample.second)
    lines = sample.text.replace("s3cr3t-one", "s3cr3t-new").splitlines(keepends=True)
    assert ready.read(name) == "".join(line for line in lines if "two" not in line)


@pytest.mark.many_variants
@each
def test_a_value_that_is_commented_out_stays_sealed(ready: Repo, name: str) -> None:
    sample = SAMPLES[name]
    if not sample.disabled[0]:
        pytest.skip("the format has no comments")
    ready.write(name, sample.text)
    ready.commit("add")
    ready.write(name, sample.text.replace(*sample.disabled))
    ready.commit("disable")
    assert b"s3cr3t" not in ready.blob("", name)
    assert ready.sealedfiles("check", "--keyed", "--strict", name) == ""
    (ready.path / name).unlink()
    ready.git("checkout", "--quiet", "--", name)
    assert ready.read(name) == sample.text.replace(*sample.disabled)


@pytest.mark.many_variants
@each
def test_both_sides_of_a_merge_change_values(ready: Repo, name: str) -> None:
    sample = SAMPLES[name]
    ready.write(name, sample.text)
    ready.commit("add")
    ready.git("checkout", "--quiet", "-b", "side")
    ready.write(name, sample.text.replace("s3cr3t-two", "s3cr3t-side"))
    ready.commit("side")
    ready.git("checkout", "--quiet", "-")
    ready.write(name, sample.text.replace("s3cr3t-one", "s3cr3t-main"))
    ready.commit("main")
    ready.git("merge", "--quiet", "side", "--message", "merge")
    assert ready.read(name) == sample.text.replace("one", "main").replace("two", "side")
    assert b"s3cr3t" not in ready.blob("", name)


@pytest.mark.slow
@each
def test_a_file_that_was_sealed_whole_stays_so_until_a_rule_names_its_format(
    fresh: Repo, name: str
) -> None:
    """Its keys and comments were secret; an older version sealed such files whole."""
    sample = SAMPLES[name]
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles("track", name, "--format", "whole")
    fresh.write(name, sample.text)
    fresh.commit("sealed whole")
    stored = fresh.blob("", name)
    assert stored.startswith(b"sealed:v1:")
    policy = fresh.read(".sealedfiles/policy.yaml")
    fresh.write(".sealedfiles/policy.yaml", policy[: policy.index("rules:")] + "rules: []\n")
    fresh.sealedfiles("trust", "policy", "--yes")
    (fresh.path / name).touch()
    fresh.commit("no rule any more")
    assert fresh.blob("", name) == stored
    assert fresh.read(name) == sample.text
    fresh.write(name, sample.text.replace("s3cr3t-one", "s3cr3t-new"))
    fresh.commit("an edit")
    assert fresh.blob("", name).startswith(b"sealed:v1:")
    assert fresh.sealedfiles("check", "--keyed", "--strict", name) == ""
    fresh.sealedfiles("track", name)
    assert fresh.blob("", name).startswith(b"sealed:v1:")
    form = name.rpartition(".")[2]
    fresh.sealedfiles("track", name, "--format", form, "--yes")
    fresh.commit("by values")
    assert fresh.blob("", name).count(b"sealed:v1:") == 4
    assert fresh.sealedfiles("get", name, sample.first) == "s3cr3t-new\n"


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("app.xml", "<![CDATA[", "]]>"),
        ("app.xml", "", "<![CDATA[]]>"),
        ("app.xml", "&#115;", ""),
        ("app.properties", "\\", ""),
        ("app.properties", "", "\\\n  "),
    ],
)
def test_a_token_that_is_written_in_pieces_is_no_value(
    ready: Repo, name: str, start: str, end: str
) -> None:
    """Otherwise anyone with push access could choose the text that a program gets for a password."""
    text, key = {
        "app.xml": ("<c>\n<n>s3cr3t-one</n>\n<m>s3cr3t-two</m>\n</c>\n", "c.n"),
        "app.properties": ("n=s3cr3t-one\nm=s3cr3t-two\n", "n"),
    }[name]
    ready.write(name, text)
    ready.commit("add")
    sealed = ready.blob("", name).decode()
    token = ready.tokens("", name)[0]
    first = token[1:] if start == "&#115;" else token
    commit_blob(
        ready, name, sealed.replace(token, f"{start}{first[:60]}{end}{first[60:-8]}AAAAAAAA", 1)
    )
    ready.sealedfiles("get", name, key, code=4)
    ready.sealedfiles("cat", name, "--format", "json", code=4)
    ready.sealedfiles("run", "-f", name, "--", "true", code=4)
    ready.sealedfiles("check", "--keyed", name, code=1)
    assert ready.sealedfiles("get", name, key.replace("n", "m")) == "s3cr3t-two\n"


REWRITTEN = {
    "app.env": ("n=s3cr3t-one\nm=s3cr3t-two\n", '"\\x73ealed{}"', "n"),
    "app.properties": ("n=s3cr3t-one\nm=s3cr3t-two\n", "\\u0073ealed{}", "n"),
    "app.xml": ("<c>\n<n>s3cr3t-one</n>\n<m>s3cr3t-two</m>\n</c>\n", "&#115;ealed{}", "c.n"),
    "app.tfvars": ('n = "s3cr3t-one"\nm = "s3cr3t-two"\n', "<<EOT\nsealed{}\nEOT", "n"),
    "app.yaml": ("n: s3cr3t-one\nm: s3cr3t-two\n", "|\n  sealed{}", "n"),
}


@pytest.mark.many_variants
@pytest.mark.parametrize("name", REWRITTEN)
def test_a_rewritten_token_is_never_sealed(ready: Repo, name: str) -> None:
    """Sealed, the ciphertext would be in the place of the secret, and no check would find it."""
    text, form, key = REWRITTEN[name]
    ready.sealedfiles("track", name)
    ready.write(name, text)
    ready.commit("add")
    sealed = ready.blob("", name).decode()
    token = ready.tokens("", name)[0]
    literal = f'"{token}"' if f'"{token}"' in sealed else token
    rewritten = form.format(token.removeprefix("sealed"))
    commit_blob(ready, name, sealed.replace(literal, rewritten, 1))
    found = ready.sealedfiles("check", name, code=1)
    assert "a token that another program rewrote" in found
    assert f"git log -p -- {name}" in found
    assert "status --fix" not in found
    ready.sealedfiles("get", name, key, code=4)
    ready.sealedfiles("get", name, key, "--allow-plaintext", code=4)
    ready.sealedfiles("status", "--fix", "--yes")
    ready.sealedfiles("seal", name)
    ready.git("add", name)
    assert rewritten in ready.blob("", name).decode()
    ready.sealedfiles("unseal", "--allow-plaintext", name, code=None)
    ready.write(name, ready.path.joinpath(name).read_text().replace("-two", "-three"))
    ready.git("add", name)
    assert rewritten in ready.blob("", name).decode()
    assert "s3cr3t" not in ready.blob("", name).decode()
    ready.sealedfiles("set", name, key, "--value", "s3cr3t-new")
    ready.git("add", name)
    assert ready.sealedfiles("get", name, key) == "s3cr3t-new\n"
    ready.sealedfiles("check", name)
