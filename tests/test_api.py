"""The Python API: values as ``json.load`` would give them, never a token, one tree of errors."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people import ENV, FILES, JSON, SECRET, YAML, Person, Repo, every_file, tokens

import sealedfiles
from sealedfiles import Document, NoKeyError, TamperedError, UsageError, load, load_env, loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import World

Form: TypeAlias = Literal["yaml", "json", "dotenv"]
Sealed: TypeAlias = Literal["raise", "omit"]
FORMATS: dict[str, Form] = {ENV: "dotenv", JSON: "json", YAML: "yaml"}
PASSWORD = {ENV: "DB_PASSWORD", JSON: "database.password", YAML: "database.password"}
VALUES = {
    JSON: json.loads(FILES[JSON]),
    YAML: yaml.safe_load(FILES[YAML]),
    ENV: {
        "APP_NAME": "orders",
        "APP_PORT": "8080",
        "DB_USER": "s3cr3t-user",
        "DB_PASSWORD": "s3cr3t-db-alpha",
        "CACHE_URL": "redis://:s3cr3t-cache-alpha@cache:6379/0",
        "TLS_KEY": "-----BEGIN PRIVATE KEY-----\ns3cr3tMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----",
        "PROD_PIN": "s3cr3t-production",
        "API_TOKEN": "s3cr3t-api-alpha",
    },
}


@pytest.fixture
def as_person(monkeypatch: pytest.MonkeyPatch) -> Callable[[Repo], Repo]:
    """Return what lets this process be somebody who is in a repository."""

    def become(repo: Repo) -> Repo:
        environment = repo.person.environment()
        for name in set(os.environ) - set(environment):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(repo.path)
        return repo

    return become


@pytest.fixture
def alice(as_person: Callable[[Repo], Repo], world: World, tmp_path: Path) -> Repo:
    """Alice's unlocked clone, and this process is hers."""
    return as_person(world.copy("alice", tmp_path / "orders"))


@pytest.fixture
def bob(as_person: Callable[[Repo], Repo], world: World, tmp_path: Path) -> Repo:
    """Bob, who does not read the group ``production``, in a clone without filter."""
    return as_person(world.bob.clone(world.repos["alice"], tmp_path / "bob"))


@pytest.fixture
def nobody(as_person: Callable[[Repo], Repo], world: World, tmp_path: Path) -> Repo:
    """Somebody without a key, in a clone without filter."""
    person = Person.at(tmp_path / "nobody")
    return as_person(person.clone(world.repos["alice"], tmp_path / "clone"))


# -- load


@every_file
def test_load_gives_the_values_of_an_open_and_of_a_sealed_file(alice: Repo, path: str) -> None:
    assert load(path) == VALUES[path]
    alice.sealedfiles("seal", path)
    assert load(alice.path / path) == VALUES[path]
    assert tokens(alice.read(path)), "nothing is written"


@every_file
def test_load_works_outside_of_git(alice: Repo, path: str) -> None:
    alice.sealedfiles("seal", path)
    shutil.rmtree(alice.path / ".git")
    assert load(path) == VALUES[path]


def test_a_named_identity_is_used(nobody: Repo, world: World) -> None:
    with pytest.raises(NoKeyError):
        load(YAML)
    assert load(YAML, identity=world.alice.identities) == VALUES[YAML]
    assert load(YAML, identity=str(world.alice.identities)) == VALUES[YAML]


def test_the_dialect_determines_how_env_files_are_read(alice: Repo) -> None:
    alice.write(ENV, "A=a\nB='${A}'\nC=\"${A} c\"\n")
    assert load(ENV) == {"A": "a", "B": "a", "C": "a c"}
    assert load(ENV, dialect="docker") == {"A": "a", "B": "'${A}'", "C": '"${A} c"'}
    with pytest.raises(UsageError, match="fancy"):
        load(ENV, dialect="fancy")


@every_file
def test_a_value_that_stays_sealed_raises_and_names_file_line_and_key(bob: Repo, path: str) -> None:
    text = bob.read(path)
    line = text[: text.index(":production:")].count("\n") + 1
    key = "PROD_PIN" if path == ENV else "production.pin"
    with pytest.raises(NoKeyError) as caught:
        load(path)
    assert caught.value.message.startswith(f"{path}:{line}: {key}: ")
    assert "alice" in caught.value.hints[0], "who can grant access"


@every_file
def test_values_of_other_groups_can_be_left_out(bob: Repo, path: str) -> None:
    expected = json.loads(json.dumps(VALUES[path]))
    if path == ENV:
        del expected["PROD_PIN"]
    else:
        del expected["production"]["pin"]
    assert load(path, sealed="omit") == expected


def test_so_can_items_of_lists(
    alice: Repo, as_person: Callable[[Repo], Repo], world: World, tmp_path: Path
) -> None:
    alice.write("config/list.json", '{"a": [{"pin": 1}, {"x": 2}], "pins": [1, "2"], "z": 3}\n')
    alice.sealedfiles(
        "track",
        "config/list.json",
        "--values",
        "pins[]",
        "--values",
        "a[].pin",
        "--group",
        "production",
    )
    alice.commit("a list")
    as_person(world.bob.clone(alice, tmp_path / "bob"))
    assert load("config/list.json", sealed="omit") == {"a": [{}, {"x": 2}], "pins": [], "z": 3}


def test_leaving_out_is_no_way_to_read_nothing_at_all(nobody: Repo) -> None:
    for path in FILES:
        with pytest.raises(NoKeyError):
            load(path, sealed="omit")


@every_file
def test_a_key_that_a_reader_of_the_group_lacks_is_not_kept_silent(bob: Repo, path: str) -> None:
    # As after a rotation that was not fetched.
    token = next(token for token in tokens(bob.read(path)) if ":default:" in token)
    key = token.split(":")[3]
    bob.edit(path, token, token.replace(key, "a" * 16))
    with pytest.raises(NoKeyError, match="group default"):
        load(path, sealed="omit")


def test_in_an_unlocked_clone_tokens_of_others_are_left_out_too(
    as_person: Callable[[Repo], Repo], world: World, tmp_path: Path
) -> None:
    as_person(world.copy("bob", tmp_path / "bob"))
    with pytest.raises(NoKeyError):
        load(JSON)
    assert load(JSON, sealed="omit") == {**VALUES[JSON], "production": {}}


@pytest.mark.parametrize("sealed", ["raise", "omit"])
@every_file
def test_a_damaged_token_always_raises(alice: Repo, path: str, sealed: Sealed) -> None:
    alice.sealedfiles("seal", path)
    token = tokens(alice.read(path))[1]
    alice.edit(path, token, token[:-5] + "AAAAA")
    with pytest.raises(TamperedError, match=PASSWORD[path]):
        load(path, sealed=sealed)


@pytest.mark.parametrize("sealed", ["raise", "omit"])
def test_a_token_that_was_moved_always_raises(alice: Repo, sealed: Sealed) -> None:
    alice.sealedfiles("seal", YAML)
    user, password, *_ = tokens(alice.read(YAML))
    alice.edit(YAML, password, user)
    with pytest.raises(TamperedError, match="another key"):
        load(YAML, sealed=sealed)


@pytest.mark.parametrize("sealed", ["raise", "omit"])
def test_a_token_of_a_later_version_always_raises(alice: Repo, sealed: Sealed) -> None:
    alice.write(YAML, f"a: [sealed:v3:default:{'a' * 16}:{'A' * 8}:{'A' * 64}]\n")
    with pytest.raises(NoKeyError, match="version"):
        load(YAML, sealed=sealed)


@pytest.mark.parametrize("value", ["${PROD_PIN}", "${PROD_PIN}abc", '"a ${PROD_PIN} b"'])
def test_a_token_in_another_value_is_one_too(bob: Repo, value: str) -> None:
    bob.write(ENV, f"{bob.read(ENV)}APP_A={value}\nAPP_B=b\n")
    values = load(ENV, sealed="omit")
    assert isinstance(values, dict)
    assert values["APP_B"] == "b"
    assert "APP_A" not in values


def test_a_value_that_speaks_of_a_token_is_given_out(alice: Repo) -> None:
    text = f"put {alice.tokens('HEAD', YAML)[0]} there"
    alice.write("config/note.json", json.dumps({"a": text}))
    alice.sealedfiles("seal", "config/note.json")
    assert load("config/note.json") == {"a": text}


def test_comments_that_stay_sealed_are_no_values(bob: Repo) -> None:
    alices = Repo(bob.person, bob.path)
    token = next(t for t in alices.tokens("HEAD", YAML) if ":production:" in t)
    bob.write(YAML, f"# {token}\nservice:\n  name: a\n")
    assert load(YAML) == {"service": {"name": "a"}}


def test_aliases_of_aliases_take_no_time(alice: Repo) -> None:
    lines = ["a0: &a0 [x, y]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    alice.write(YAML, "\n".join(lines) + "\n")
    with pytest.raises(sealedfiles.FormatError, match="aliases"):
        load(YAML)
    alice.write(YAML, "\n".join(lines[:10]) + "\n")
    assert isinstance(load(YAML, sealed="omit"), dict)


@pytest.mark.parametrize("text", ["&a [*a]\n", "a: &a {b: *a}\n"])
def test_a_value_that_holds_itself_does_no_harm(alice: Repo, text: str) -> None:
    alice.write(YAML, text)
    with contextlib.suppress(sealedfiles.SealedFilesError):  # as good an answer
        load(YAML)


def test_deep_files_do_no_harm(alice: Repo) -> None:
    alice.write(JSON, "[" * 400 + "1" + "]" * 400)
    value = load(JSON, sealed="omit")
    for _ in range(400):
        assert isinstance(value, list)
        value = value[0]
    assert value == 1


# -- what is no file with values


def test_a_file_that_is_not_there_raises_what_open_does(alice: Repo) -> None:
    for action in (load, load_env, Document.open):
        with pytest.raises(FileNotFoundError) as caught:
            action("no such.yaml")
        assert caught.value.filename == "no such.yaml"
    with pytest.raises(FileNotFoundError):
        Document.open("no/such.yaml", create=True)


def test_other_files_raise_usage_errors(alice: Repo, tmp_path: Path) -> None:
    alice.write("key.pem", "s3cr3t\n")
    (tmp_path / "outside.yaml").write_text("a: 1\n")
    for path in ("key.pem", "config", tmp_path / "outside.yaml"):
        with pytest.raises(UsageError):
            load(path)
    with pytest.raises(UsageError, match="perhaps"):
        load(YAML, sealed="perhaps")  # type: ignore[arg-type]


def test_a_file_that_does_not_parse_is_named_with_its_place(alice: Repo) -> None:
    alice.write(JSON, '{"a": 1,\n "b": }\n')
    with pytest.raises(sealedfiles.FormatError) as caught:
        load(JSON)
    assert caught.value.message.startswith(f"{JSON}:2:7: ")
    assert (caught.value.line, caught.value.column) == (2, 7)


@pytest.mark.parametrize("key", ["garbage", "AGE-SECRET-KEY-1QQQQ"])
def test_an_identity_that_is_none_is_said_not_shown(nobody: Repo, tmp_path: Path, key: str) -> None:
    (tmp_path / "key").write_text(key)
    with pytest.raises(NoKeyError) as caught:
        load(YAML, identity=tmp_path / "key")
    assert key not in "\n".join([caught.value.message, *caught.value.hints])
    assert str(tmp_path / "key") in "\n".join([caught.value.message, *caught.value.hints])


# -- loads


@every_file
def test_loads_takes_texts_and_bytes(alice: Repo, path: str) -> None:
    sealed = alice.blob("HEAD", path)
    assert loads(sealed, FORMATS[path]) == VALUES[path]
    assert loads(sealed.decode(), FORMATS[path]) == VALUES[path]
    assert loads(FILES[path], FORMATS[path]) == VALUES[path], "a plain one is taken too"
    assert loads("\ufeff" + sealed.decode(), FORMATS[path]) == VALUES[path]


def test_loads_with_a_path_refuses_the_text_of_another_file(alice: Repo, tmp_path: Path) -> None:
    other = tokens(alice.read_bytes(YAML).decode()) or alice.tokens("HEAD", YAML)
    alice.write("secrets/other.yaml", "database:\n  password: s3cr3t\n  user: s3cr3t\n")
    alice.sealedfiles("seal", "secrets/other.yaml")
    mixed = alice.read("secrets/other.yaml").replace(
        tokens(alice.read("secrets/other.yaml"))[0], other[1]
    )
    with pytest.raises(TamperedError, match="another file"):
        loads(mixed, "yaml", path="secrets/other.yaml")
    os.chdir(tmp_path)
    with pytest.raises(TamperedError, match="another file"):
        loads(mixed, "yaml", path="secrets/other.yaml", root=alice.path)


def test_loads_takes_keys_from_a_named_folder(alice: Repo, tmp_path: Path) -> None:
    sealed = alice.blob("HEAD", YAML)
    os.chdir(tmp_path)
    with pytest.raises(UsageError, match="sealedfiles"):
        loads(sealed, "yaml")
    assert loads(sealed, "yaml", root=alice.path) == VALUES[YAML]
    assert loads(sealed, "yaml", root=alice.path, path=YAML) == VALUES[YAML]
    with pytest.raises(UsageError):
        loads(sealed, "yaml", root=alice.path, path=tmp_path / "x.yaml")


def test_loads_refuses_what_is_no_text_and_no_format(alice: Repo) -> None:
    for text, name in ((b"\xff\xfe", "yaml"), ("\ud800", "json"), ("a: 1", "csv")):
        with pytest.raises(UsageError):
            loads(text, name)  # type: ignore[arg-type]


def texts_in(value: object) -> list[str]:
    """Return every text in *value* that is no key."""
    waiting, seen, found = [value], set(), []
    for item in waiting:
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict | list) and id(item) not in seen:
            seen.add(id(item))
            waiting += item.values() if isinstance(item, dict) else item
    return found


@pytest.mark.parametrize("name", ["yaml", "json", "dotenv"])
def test_nothing_but_our_errors_comes_out(alice: Repo, name: Form) -> None:
    token = alice.tokens("HEAD", YAML)[0]
    pieces = st.sampled_from([*"{}[]:,-#&*!|>'\"\\\n\t $=", "a", "0x", ".5", "\r\n", "<<", token])
    texts = st.lists(pieces, max_size=20).map("".join) | st.text(max_size=20)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(texts, st.sampled_from(["raise", "omit"]))
    def check(text: str, sealed: Sealed) -> None:
        try:
            value = loads(text, name, sealed=sealed)
        except sealedfiles.SealedFilesError:
            return
        assert not any(token in text for text in texts_in(value))

    check()


# -- load_env


@pytest.fixture
def plain_environ(alice: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Alice's clone, with an environment that is put back behind the test."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    return alice


def test_load_env_sets_what_is_not_set_yet(plain_environ: Repo) -> None:
    os.environ["DB_USER"] = "mine"
    assert load_env() is True
    assert os.environ["DB_PASSWORD"] == "s3cr3t-db-alpha"
    assert os.environ["DB_USER"] == "mine"
    assert load_env() is False, "all is there already"
    assert load_env(override=True) is True
    assert os.environ["DB_USER"] == "s3cr3t-user"


@pytest.mark.parametrize(("override", "url"), [(False, "mine/x"), (True, "file/x")])
def test_load_env_interpolates_as_python_dotenv_does(
    plain_environ: Repo, override: bool, url: str
) -> None:
    plain_environ.write(ENV, "HOST=file\nURL=${HOST}/x\nNONE=${NO_SUCH:-default}\n")
    os.environ["HOST"] = "mine"
    load_env(override=override)
    assert os.environ["URL"] == url
    assert os.environ["NONE"] == "default"


def test_load_env_flattens_other_formats(plain_environ: Repo) -> None:
    plain_environ.sealedfiles("seal", YAML)
    assert load_env(YAML) is True
    assert os.environ["DATABASE_PASSWORD"] == "s3cr3t-db-alpha"
    assert os.environ["API_SCOPES_1"] == "s3cr3t-write"
    assert os.environ["SERVICE_PORT"] == "8080"


def test_load_env_leaves_out_what_stays_sealed_only_when_told_so(
    bob: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    before = dict(os.environ)
    with pytest.raises(NoKeyError, match="PROD_PIN"):
        load_env(ENV)
    assert dict(os.environ) == before
    assert load_env(ENV, sealed="omit") is True
    assert "PROD_PIN" not in os.environ
    assert os.environ["DB_USER"] == "s3cr3t-user"


def test_load_env_sets_nothing_where_something_cannot_be_set(plain_environ: Repo) -> None:
    before = dict(os.environ)
    plain_environ.write(JSON, '{"a": "x", "b": "y\\u0000z"}')
    with pytest.raises(UsageError, match="NUL"):
        load_env(JSON)
    plain_environ.write(JSON, '{"a": {"b": "x"}, "a_b": "y"}')
    with pytest.raises(UsageError, match="A_B"):
        load_env(JSON)
    assert dict(os.environ) == before


# -- Document


@every_file
def test_a_document_reads_and_changes_single_values(alice: Repo, path: str) -> None:
    alice.sealedfiles("seal", path)
    before = alice.read(path)
    document = Document.open(path)
    assert document.get(PASSWORD[path]) == "s3cr3t-db-alpha"
    document.set(PASSWORD[path], "s3cr3t-new")
    assert document.get(PASSWORD[path]) == "s3cr3t-new"
    assert alice.read(path) == before, "nothing is written before save"
    assert document.save() is True
    assert load(path) == document.data()
    lines = zip(before.split("\n"), alice.read(path).split("\n"), strict=True)
    assert sum(old != new for old, new in lines) == 1
    assert SECRET not in alice.read(path)
    assert document.save() is False, "nothing more to be saved"
    document.unset(PASSWORD[path])
    with pytest.raises(sealedfiles.NoSuchValueError):
        document.get(PASSWORD[path])
    assert document.save() is True
    assert PASSWORD[path] not in Document.open(path).paths()


def test_paths_are_texts_or_tuples(alice: Repo) -> None:
    document = Document.open(YAML)
    assert document.paths()[:3] == ["service.name", "service.port", "database.user"]
    assert document.get("api.scopes[1]") == document.get(("api", "scopes", 1)) == "s3cr3t-write"
    assert document.get("api.scopes") == ["s3cr3t-read", "s3cr3t-write"]
    document.set(("new.key", "b"), {"c": [1, None, True]})
    assert document.get('"new.key".b.c') == [1, None, True]


@pytest.mark.parametrize("path", [JSON, YAML])
def test_a_collection_is_replaced_by_one_value_only_if_the_caller_says_so(
    alice: Repo, path: str
) -> None:
    document = Document.open(path)
    for value in ("s3cr3t", 1, None):
        with pytest.raises(UsageError, match=r"database is a mapping of \d values") as caught:
            document.set("database", value)
        assert "replace=True" in str(caught.value.hints)
    assert document.save() is False
    document.set("database", {"a": 1})
    document.set("database", [2])
    document.set("database", "s3cr3t", replace=True)
    assert document.get("database") == "s3cr3t"


@every_file
def test_a_misspelled_key_is_not_added_where_the_caller_says_so(alice: Repo, path: str) -> None:
    document = Document.open(path)
    misspelled = PASSWORD[path].lower().replace("password", "pasword")
    with pytest.raises(sealedfiles.NoSuchValueError):
        document.set(misspelled, "s3cr3t", create=False)
    assert document.save() is False
    document.set(PASSWORD[path], "s3cr3t", create=False)
    assert document.get(PASSWORD[path]) == "s3cr3t"


def test_a_block_saves_unless_it_raises(alice: Repo) -> None:
    with contextlib.suppress(ZeroDivisionError), Document.open(YAML) as document:
        document.set("database.password", "s3cr3t-new")
        document.set("added", 1 / 0)
    assert alice.read(YAML) == FILES[YAML]
    with Document.open(YAML) as document:
        document.set("database.password", "s3cr3t-new")
        document.set("added", "s3cr3t-too")
    assert alice.read(YAML).count("s3cr3t-new") == 1
    alice.commit("changed by a program")
    assert alice.git("diff", "--numstat", "--no-textconv", "HEAD~1").split()[:2] == ["2", "1"]


def test_what_somebody_else_wrote_meanwhile_is_not_lost(alice: Repo) -> None:
    document = Document.open(YAML)
    document.set("database.password", "s3cr3t-new")
    alice.edit(YAML, "s3cr3t-user", "s3cr3t-other")
    theirs = alice.read(YAML)
    with pytest.raises(sealedfiles.ChangedOnDiskError):
        document.save()
    assert alice.read(YAML) == theirs


def test_a_value_that_one_cannot_seal_is_not_written(bob: Repo) -> None:
    before = bob.read(YAML)
    document = Document.open(YAML)
    with pytest.raises(NoKeyError, match=r"production\.pin"):
        document.get("production.pin")
    with pytest.raises(NoKeyError):
        document.data()
    assert document.data(sealed="omit")
    document.set("production.pin", "s3cr3t-forged")
    with pytest.raises(NoKeyError):
        document.save()
    assert bob.read(YAML) == before


def test_a_new_file_can_be_made(alice: Repo) -> None:
    with Document.open("secrets/new.yaml", create=True) as document:
        document.set("a.b", "s3cr3t")
    assert alice.read("secrets/new.yaml") == "a:\n  b: s3cr3t\n"


def test_a_document_shows_neither_values_nor_keys(alice: Repo) -> None:
    document = Document.open(YAML)
    assert repr(document) == f"<Document {YAML}>"
    document.set("database.password", "s3cr3t-new")
    assert repr(document) == f"<Document {YAML}, changed>"


def test_what_a_format_cannot_hold_is_refused(alice: Repo) -> None:
    document = Document.open(YAML)
    for path, value in (("service.name.x", 1), ("a", "\ud800"), ("a", object()), ("a", {1: 2})):
        with pytest.raises(UsageError):
            document.set(path, value)  # type: ignore[arg-type]
    assert document.save() is False


# -- threads, imports, names


def test_several_threads_may_load_at_once(alice: Repo) -> None:
    alice.sealedfiles("seal", *FILES)
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda path=path: results.append(load(path) == VALUES[path]))
        for path in (*FILES, *FILES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * len(threads)


def loaded_by(code: str, cwd: Path | None = None) -> set[str]:
    """Return the modules, of the ones that take long to import, that *code* imports."""
    names = ["click", "keyring", "ruamel", "yaml", "cryptography", "json", "subprocess", "difflib"]
    report = f"import sys; print(*(name for name in {names} if name in sys.modules))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_itself_imports_nothing(tmp_path: Path) -> None:
    assert loaded_by("import sealedfiles", tmp_path) == set()
    assert loaded_by("from sealedfiles import NoKeyError, UsageError", tmp_path) == set()


@every_file
def test_load_imports_no_command_line_and_asks_no_keyring_where_a_file_opens(
    alice: Repo, path: str
) -> None:
    alice.sealedfiles("seal", path)
    loaded = loaded_by(f"import sealedfiles; sealedfiles.load({path!r})", alice.path)
    assert not loaded & {"click", "keyring", "ruamel"}


def test_every_public_name_is_there_and_documented() -> None:
    for name in sealedfiles.__all__:
        assert getattr(sealedfiles, name).__doc__
        assert name in dir(sealedfiles)
    with pytest.raises(AttributeError, match="laod"):
        sealedfiles.laod  # type: ignore[attr-defined]  # noqa: B018
    errors = [getattr(sealedfiles, name) for name in sealedfiles.__all__ if name.endswith("Error")]
    assert all(issubclass(error, sealedfiles.SealedFilesError) for error in errors)


def test_the_package_says_that_it_is_typed() -> None:
    assert (resources.files(sealedfiles) / "py.typed").is_file()


# -- the documentation


def test_the_examples_of_the_documentation_run(
    alice: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    text = (Path(__file__).parents[1] / "docs/python.md").read_text()
    blocks = [part.partition("```")[0] for part in text.split("```python\n")[1:]]
    assert len(blocks) > 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
