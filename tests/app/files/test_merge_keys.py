"""A value below a merge key of YAML is judged for the key path at which programs find it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from people import EVIL, YAML, Repo, commit_blob

from sealedfiles import TamperedError, load
from sealedfiles.app.files.environment import scalars
from sealedfiles.app.files.references import values_not_judged_there
from sealedfiles.errors import FormatError
from sealedfiles.formats.base import MASK, splice
from sealedfiles.formats.yaml.edit import YAML_EDITOR
from sealedfiles.formats.yaml.format import YAML as FORMAT
from sealedfiles.keys.keyfile import parse_key_line
from sealedfiles.model.paths import key_step
from sealedfiles.model.policy import parse_policy
from sealedfiles.model.token import VALUE, FileKey, split

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

MERGED = [
    f"database: {{port: 1, <<: {{user: {EVIL}}}}}",
    f"database: {{<<: [{{user: {EVIL}}}]}}",
    f"database: {{<<: {{<<: {{user: {EVIL}}}}}}}",
    f"<<: {{database: {{user: {EVIL}}}}}",
    f"database:\n  ? !!merge <<\n  : user: {EVIL}",
]
FILE = "mixed.yaml"


@pytest.fixture(scope="module")
def mixed_once(world: World, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A clone with a file of which the policy seals only a few values."""
    repo = world.copy("alice", tmp_path_factory.mktemp("mixed") / "orders")
    repo.sealedfiles("track", FILE, "--values", "**", "--plain", "--yes")
    for values in ("database.user", "users[].token"):
        repo.sealedfiles("track", FILE, "--values", values)
    repo.write(FILE, "database:\n  user: s3cr3t-user\nusers:\n- token: s3cr3t-token\n")
    repo.commit("a file that is sealed in part")
    return repo


@pytest.fixture
def mixed(mixed_once: Repo, tmp_path: Path) -> Repo:
    return mixed_once.copy(tmp_path / "orders")


@pytest.mark.many_variants
@pytest.mark.parametrize("text", MERGED)
def test_no_command_gives_out_plaintext_that_git_has_there(mixed: Repo, text: str) -> None:
    commit_blob(mixed, FILE, f"{text}\n")
    for command in (
        ["get", FILE, "database.user"],
        ["get", FILE, "database", "--json"],
        ["cat", FILE],
        ["cat", FILE, "--format", "json"],
        ["cat", FILE, "--format", "env"],
        ["run", "-f", FILE, "--", "env"],
        ["run", "-f", FILE, "--only", "database.user", "--", "env"],
        ["unseal", FILE],
        ["export", str(mixed.path.parent / "out"), FILE, "--to", "dotenv"],
        ["export", str(mixed.path.parent / "out"), FILE, "--to", "sops"],
    ):
        assert EVIL not in mixed.sealedfiles(*command, code=4), command
    assert EVIL in mixed.sealedfiles("get", FILE, "database.user", "--allow-plaintext")
    assert "the policy seals it to default [plain-value]" in mixed.sealedfiles("check", code=1)


def test_python_raises(mixed: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_blob(mixed, FILE, f"<<: {{users: [{{token: {EVIL}}}]}}\n")
    monkeypatch.setattr(os, "environ", {**os.environ, **mixed.person.variables})
    monkeypatch.chdir(mixed.path)
    with pytest.raises(TamperedError, match="in plaintext in git"):
        load(FILE)


def test_what_the_user_types_there_is_sealed_and_can_be_read(mixed: Repo) -> None:
    text = "database: {port: 1, <<: {user: s3cr3t-typed, pool: 2}}  # every *\n"
    mixed.write(FILE, text)
    assert mixed.sealedfiles("get", FILE, "database.user") == "s3cr3t-typed\n"
    mixed.commit("merge")
    stored = mixed.blob("HEAD", FILE).decode()
    assert re.fullmatch(
        r'database: \{port: 1, <<: \{user: "sealed:\S+", pool: 2\}\}  # every \*\n', stored
    )
    assert mixed.read(FILE) == text
    assert mixed.sealedfiles("get", FILE, "database.user") == "s3cr3t-typed\n"
    assert mixed.sealedfiles("get", FILE, "database.pool") == "2\n"
    mixed.sealedfiles("get", FILE, "database.<<.user", code=2)
    assert "hint: read it at database.user" in mixed.stderr
    shown = mixed.sealedfiles("run", "-f", FILE, "--", "env")
    assert "DATABASE_USER=s3cr3t-typed" in shown
    assert "DATABASE_USER" in next(x for x in shown.split("\n") if "SEALED_NAMES" in x)
    assert "s3cr3t" not in mixed.sealedfiles("run", "--redact", "-f", FILE, "--", "env")
    mixed.sealedfiles("check", FILE)


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_a_reader_of_another_group_cannot_seal_a_value_there(repo: Repo) -> None:
    """Bob reads `default` only; the policy seals `production.**` to a group of its own."""
    text = repo.read(YAML)
    at = text.index("production:")
    repo.write(YAML, text[:at] + "<<: {production: {pin: evil-pin}}\n")
    repo.git("add", YAML, code=128)
    assert "no key for the group production" in repo.stderr


def test_nor_is_a_token_of_that_group_used(repo: Repo) -> None:
    stored = repo.blob("HEAD", YAML).decode()
    token = re.search(r'pin: "(sealed:[^"]+)"', stored)
    assert token
    lines = repo.read(".git/sealedfiles/keys").split("\n")
    line = next(line for line in lines if line.startswith("default "))
    secret = parse_key_line(line.removeprefix("default ")).secret
    key = FileKey("default", secret, split(token[1]).file_id)
    path = b"".join(map(key_step, ("<<", "production", "pin")))
    forged = key.seal(VALUE, 0, key.path_tag(path), b"evil-pin")
    at = stored.index("production:")
    commit_blob(repo, YAML, f'{stored[:at]}<<: {{production: {{pin: "{forged}"}}}}\n')
    assert "evil-pin" in repo.read(YAML)
    for command in (
        ["get", YAML, "production.pin"],
        ["cat", YAML, "--format", "json"],
        ["run", "-f", YAML, "--", "env"],
    ):
        assert "evil-pin" not in repo.sealedfiles(*command, code=4)
        assert "but the policy seals it to production" in repo.stderr
    assert "the policy assigns production [other-group]" in repo.sealedfiles("check", code=1)


@pytest.mark.parametrize(
    "keys",
    [f"&k {EVIL}: 1\ndatabase: {{user: *k}}\n", f"database: {{!!merge x: {{user: {EVIL}}}}}\n"],
)
def test_nor_is_a_key_or_what_only_other_programs_merge(mixed: Repo, keys: str) -> None:
    commit_blob(mixed, FILE, keys)
    assert EVIL not in mixed.sealedfiles("run", "-f", FILE, "--", "env", code=4)
    assert FILE in mixed.sealedfiles("check", code=1)


KEYS = ["a", "b", "<<", "<<", "'<<'", "!!merge <<", "! <<", "? <<", "&k a", "&m <<", "*k", "*m"]
LEAVES = ["1", '"w"', "!!str z", "*x", "*y", "*k", "&x v", "&y v"]


def _mapping(parts: list[tuple[str, str]], anchor: str) -> str:
    return anchor + "{" + ", ".join(f"{key} : {value}" for key, value in parts) + "}"


ANCHORS = st.sampled_from(["", "", "&x ", "&y "])
INNER = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        st.builds(_mapping, st.lists(st.tuples(st.sampled_from(KEYS), inner), max_size=3), ANCHORS)
        | st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]")
    ),
    max_leaves=8,
)
HEAD = [("c", "[&x v, &y {a: w, b: {a: 1}}]"), ("&k d", "1"), ("e", "{&m << : {}}")]
"""The anchors of the aliases in KEYS and LEAVES."""
TEXTS = st.lists(st.tuples(st.sampled_from(KEYS), INNER), min_size=1, max_size=3).map(
    lambda parts: _mapping([*HEAD, *parts], "")
)
PATTERNS = ["a", "a.b", "a.**", "*.a", "b[].a", "a.<<.b", "**.b", "**.<<.**", "*", "[].a"]
RULES = st.lists(
    st.tuples(st.sampled_from(PATTERNS), st.sampled_from(["plain: true", "group: g", "group: h"])),
    max_size=3,
)


@example("a: {<<: {b: 1}}", [("a.<<.b", "group: g")], "plain: true")
@given(TEXTS, RULES, st.sampled_from(["plain: true", "group: g"]))
def test_whatever_is_read_at_a_key_path_was_judged_by_the_rules_for_it(
    text: str, some: list[tuple[str, str]], rest: str
) -> None:
    """Or it is refused."""
    lines = [f'- {{files: "*", values: "{values}", {what}}}' for values, what in some]
    written = "\n".join(["version: 1", "rules:", *lines, f'- {{files: "*", {rest}}}'])
    rules = parse_policy(written.encode()).for_file(FILE)
    try:
        values = FORMAT.scan(text).values
        YAML_EDITOR.load(text)
    except FormatError:
        return
    marks = {f"{MASK}{number}": span for number, span in enumerate(values)}
    edits = (
        (*span[:2], FORMAT.write_token(text[slice(*span[:2])], mark))
        for mark, span in marks.items()
    )
    refused = {address for address, _, _ in values_not_judged_there(FORMAT, text, rules)}
    for address, value in scalars(YAML_EDITOR.load(splice(text, edits))):
        path, source = FORMAT.path_of(address), marks.get(str(value))
        if value is None or address in refused:
            continue
        if source is None:  # a key that is used as a value
            assert rules.group_of(path) is None
            continue
        assert YAML_EDITOR.locate(text, address).start == source.start
        if path == source.path or rules.group_of(path) is not None:
            assert rules.group_of(path) == rules.group_of(source.path)
        else:
            assert rules.group_of(source.path) is None
