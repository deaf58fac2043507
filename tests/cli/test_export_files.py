"""`sealedfiles export`: files that other programs read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from age.programs import age_since
from migration import DATABASE, DOTENV, repository, run
from people import Person, Repo

from sealedfiles import age
from sealedfiles.app.export.exporting import convert
from sealedfiles.app.files.working_file import read_in_place
from sealedfiles.errors import UsageError

if TYPE_CHECKING:
    from typing import Any

pytestmark = pytest.mark.slow

MANIFEST = """\
kind: Secret
stringData:
  token: s3cr3t-token
  empty: ""
  number: 12
---
kind: Secret
stringData: {token: "s3cr3t: two", float: 25.5, yes_: true, no_: ~, list: [1, s3cr3t-x]}
"""
JSON = '{"api": {"token": "s3cr3t-ü <&>", "big": 12345678901, "ratio": 1.50}, "port_unencrypted": 8080}\n'
BINARY = b"\x00s3cr3t \xff\n"
ENV = DOTENV + 'LINES="s3cr3t-one\ntwo"\nURL="x${API_KEY}"\n'
FILES: dict[str, str | bytes] = {
    "config/database.yaml": DATABASE,
    "k8s/secret.yaml": MANIFEST,
    "api.json": JSON,
    ".env": ENV,
    "key.bin": BINARY,
}


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = repository(tmp_path_factory.mktemp("export"))
    identity = age.generate_identity(post_quantum=False)
    repo.person.identities.write_text(f"{identity.text}\n")
    sops = repo.person.home / ".config/sops/age/keys.txt"
    sops.parent.mkdir(parents=True)
    sops.write_text(f"{identity.text}\n")
    repo.person.identities.chmod(0o600)
    sops.chmod(0o600)
    for path, content in FILES.items():
        repo.write(path, content)
    repo.sealedfiles("init", "--no-hooks")
    repo.sealedfiles("track", *FILES)
    repo.sealedfiles("track", "k8s/secret.yaml", "--values", "kind", "--plain")
    repo.sealedfiles("track", "config/database.yaml", "--values", "**.host", "--plain")
    repo.commit("first")
    assert b"s3cr3t" not in b"".join(repo.blob("HEAD", path) for path in FILES)
    return repo


@pytest.fixture
def sealed(sealed_once: Repo, tmp_path: Path) -> Repo:
    """A repository with files of all kinds, and a reader with an X25519 key, which sops finds."""
    return sealed_once.copy(tmp_path / "orders")


def exported(repo: Repo, kind: str, *options: str) -> Path:
    folder = repo.path.parent / kind
    repo.sealedfiles("export", "--to", kind, str(folder), *options)
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert {one.stat().st_mode & 0o777 for one in (folder, folder / "k8s") if one.exists()} == {
        0o700
    }
    return folder


def opened(repo: Repo, file: Path) -> bytes:
    """Return what the real sops decrypts *file* to, which also verifies its MAC."""
    return run(repo, "sops", "decrypt", str(file))


def documents(text: str | bytes) -> list[Any]:
    return list(yaml.safe_load_all(text))


def test_the_real_sops_opens_all_files_and_finds_the_same_values(sealed: Repo) -> None:
    folder = exported(sealed, "sops")
    for path in FILES:
        assert b"s3cr3t" not in (folder / path).read_bytes()
    assert documents(opened(sealed, folder / "config/database.yaml")) == documents(DATABASE)
    assert documents(opened(sealed, folder / "k8s/secret.yaml")) == documents(MANIFEST)
    assert json.loads(opened(sealed, folder / "api.json")) == json.loads(JSON)
    assert opened(sealed, folder / "key.bin") == BINARY
    lines = opened(sealed, folder / ".env").decode().split("\n")
    assert sorted(filter(None, lines)) == [
        "API_KEY=s3cr3t-api-0123456789",
        "DEBUG=true",
        "LINES=s3cr3t-one\\ntwo",
        "URL=xs3cr3t-api-0123456789",
    ]
    # What the policy leaves in plaintext stays readable.
    assert documents((folder / "k8s/secret.yaml").read_text())[0]["kind"] == "Secret"
    assert "host: db.example.net" in (folder / "config/database.yaml").read_text()
    text = (folder / "api.json").read_text()
    assert "8080" not in text, "the policy seals it, whatever the rule of SOPS would be"
    # And sops can change what it opens.
    run(sealed, "sops", "set", str(folder / "api.json"), '["api"]["token"]', '"new"')
    assert json.loads(opened(sealed, folder / "api.json"))["api"]["token"] == "new"


COMMENTED = """\
# The service.

db:
  # password: s3cr3t-old
  password: s3cr3t-new  # since May
  port: 5432
  # the end of the mapping
hosts:  # behind a key
  - s3cr3t-a # behind an item
  # above an item
  - # in an item
    name: s3cr3t-b
    # in a mapping of a list
    tags: [x, s3cr3t-y]  # behind a list
  - [s3cr3t-c,
     # in brackets
     s3cr3t-d]
  # the end of the list
base: &base
  key: s3cr3t-key # in an anchor
copy:
  # above a merge
  <<: *base
text: |
  # not a comment
##  several signs
empty:
  # above nothing
#
# the end
"""
COMMENTS = """\
 The service.
 password: s3cr3t-old
 since May
 the end of the mapping
 behind a key
 behind an item
 above an item
 in an item
 in a mapping of a list
 behind a list
 in brackets
 the end of the list
 in an anchor
 above a merge
#  several signs
 above nothing

 the end
"""


def comments_in(text: str) -> list[str]:
    """Return the comments of a YAML or .env text that are on a line of their own."""
    lines = [line.strip() for line in text.split("\n")]
    return [line[1:] for line in lines if line.startswith("#") and line != "# not a comment"]


@pytest.mark.slow
@pytest.mark.parametrize("is_partial", [False, True])
def test_the_real_sops_gives_the_comments_back(sealed: Repo, is_partial: bool) -> None:
    sealed.write("app.yaml", COMMENTED)
    sealed.write("later.env", "# first\n\nA=s3cr3t # behind\n  #B=s3cr3t-old\nC=\n#\n# end")
    sealed.sealedfiles("track", "app.yaml", "later.env")
    if is_partial:
        sealed.sealedfiles("track", "app.yaml", "--values", "db.port", "--plain")
    sealed.commit("comments")
    folder = exported(sealed, "sops", "--allow-plaintext", "app.yaml", "later.env")
    for name in ("app.yaml", "later.env"):
        assert "s3cr3t" not in (folder / name).read_text()
    found = opened(sealed, folder / "app.yaml").decode()
    assert documents(found) == documents(COMMENTED)
    assert comments_in(found) == COMMENTS.split("\n")[:-1]
    assert ("port: 5432" in (folder / "app.yaml").read_text()) is is_partial
    back = repository(sealed.path.parent / "back")
    back = type(back)(sealed.person, back.path)
    back.write("app.yaml", (folder / "app.yaml").read_bytes())
    back.commit("of sops")
    back.sealedfiles("migrate", "--yes", "--plain-comments")
    assert comments_in(back.read("app.yaml")) == COMMENTS.split("\n")[:-1]
    assert comments_in(opened(sealed, folder / "later.env").decode()) == [
        *(" first", " behind", "B=s3cr3t-old", "", " end")
    ]


@pytest.mark.slow
def test_a_comment_that_git_has_sealed_is_encrypted_although_its_neighbors_are_not(
    sealed: Repo,
) -> None:
    """SOPS encrypts no comment outside of the keys that `encrypted_regex` names."""
    for name, note in (("one.yaml", "# prose\n"), ("two.yaml", "# prose\n# pin: s3cr3t-pin\n")):
        sealed.write(name, f"{note}host: db.example\npin: s3cr3t-new\n")
        sealed.sealedfiles("track", name, "--values", "host", "--plain")
    sealed.commit("two files")
    folder = exported(sealed, "sops", "one.yaml", "two.yaml")
    assert "encrypted_regex: ^(pin)$" in (folder / "one.yaml").read_text().replace('"', "")
    assert "# prose" in (folder / "one.yaml").read_text()
    text = (folder / "two.yaml").read_text()
    assert "host: db.example" in text
    assert "s3cr3t" not in text
    assert comments_in(opened(sealed, folder / "two.yaml").decode()) == [
        *(" prose", " pin: s3cr3t-pin")
    ]


def test_comments_in_json_are_named_because_sops_reads_none(sealed: Repo, tmp_path: Path) -> None:
    sealed.write("c.json", '{\n  // a note\n  "a": "s3cr3t" /* another */\n}\n')
    sealed.sealedfiles("track", "c.json")
    sealed.commit("comments")
    shown = sealed.sealedfiles("export", "--to", "sops", str(tmp_path / "out"), "c.json")
    assert (
        "c.json: 1 encrypted, 0 in plaintext; 2 comments left out: SOPS reads none in JSON\n"
        in shown
    )
    assert json.loads(opened(sealed, tmp_path / "out/c.json")) == {"a": "s3cr3t"}


def test_there_and_back(sealed: Repo) -> None:
    folder = exported(sealed, "sops")
    back = repository(sealed.path.parent / "back")
    back = type(back)(sealed.person, back.path)
    for path in FILES:
        back.write(path, (folder / path).read_bytes())
    back.commit("of sops")
    back.sealedfiles("migrate", "--yes")
    assert documents(back.read("config/database.yaml")) == documents(DATABASE)
    assert documents(back.read("k8s/secret.yaml")) == documents(MANIFEST)
    assert json.loads(back.read("api.json")) == json.loads(JSON)
    assert back.read_bytes("key.bin") == BINARY
    stored = documents(back.blob("", "k8s/secret.yaml"))
    assert [one["kind"] for one in stored] == ["Secret", "Secret"]


def test_age_files_are_for_the_chosen_readers(sealed: Repo, tmp_path: Path) -> None:
    bob = age.generate_identity(post_quantum=False)
    carol = age.generate_identity(post_quantum=False)
    sealed.sealedfiles("grant", "bob", str(bob.recipient), "--to", "default")
    sealed.write(".sealedfiles/recipients/carol.pub", f"{carol.recipient}\n")
    folder = exported(sealed, "age", "--readers", "key.bin")
    data = (folder / "key.bin.age").read_bytes()
    assert age.decrypt(data, [bob]) == BINARY
    with pytest.raises(age.NoIdentityMatch):
        age.decrypt(data, [carol])  # nobody granted access to her
    other = tmp_path / "for carol"
    options = ("-r", str(carol.recipient), "key.bin")
    sealed.sealedfiles("export", "--to", "age", str(other), *options)
    (tmp_path / "carol").write_text(f"{carol.text}\n")
    program = age_since((1, 3))
    assert program.run("-d", "-i", tmp_path / "carol", other / "key.bin.age") == BINARY


def test_plaintext_is_byte_for_byte_and_variables_are_those_of_cat(sealed: Repo) -> None:
    folder = exported(sealed, "plain")
    for path, content in FILES.items():
        data = content if isinstance(content, bytes) else content.encode()
        assert (folder / path).read_bytes() == data
    env = exported(sealed, "dotenv", "config/database.yaml", ".env")
    for path, name in (("config/database.yaml", "config/database.yaml.env"), (".env", ".env")):
        assert (env / name).read_text() == sealed.sealedfiles("cat", "--format", "env", path)


def test_nothing_is_written_where_git_could_store_it_or_over_a_file(
    sealed: Repo, tmp_path: Path
) -> None:
    inside = sealed.path / "out"
    sealed.sealedfiles("export", "--to", "plain", str(inside), code=2)
    assert "is inside the repository" in sealed.stderr
    assert not inside.exists()
    folder = tmp_path / "out"
    (folder / "k8s").mkdir(parents=True)
    (folder / "k8s/secret.yaml").write_text("mine")
    sealed.sealedfiles("export", "--to", "plain", str(folder), code=2)
    assert "already exists" in sealed.stderr
    assert [file.name for file in folder.rglob("*")] == ["k8s", "secret.yaml"]
    (folder / "config").symlink_to(sealed.path / "config")
    sealed.sealedfiles("export", "--to", "age", str(folder), code=2)
    assert "is a symbolic link" in sealed.stderr
    assert not list(sealed.path.rglob("*.age"))[1:]
    assert not list(folder.rglob("*.age"))


@pytest.mark.many_variants
@pytest.mark.parametrize("kind", ["sops", "plain"])
def test_values_that_are_not_from_a_reader_are_not_exported(
    sealed: Repo, tmp_path: Path, kind: str
) -> None:
    stored = sealed.blob("HEAD", "api.json").decode()
    first = stored.split('"')[5]
    assert first.startswith("sealed:v1:"), stored
    sealed.write(".git/blob", stored.replace(first, "evil"))
    oid = sealed.git("hash-object", "-w", "--no-filters", ".git/blob").strip()
    sealed.git("update-index", "--cacheinfo", f"100644,{oid},api.json")
    sealed.git("commit", "--quiet", "-m", "evil")
    sealed.git("checkout", "--quiet", "--", "api.json")
    folder = str(tmp_path / "out")
    sealed.sealedfiles("export", "--to", kind, folder, code=4)
    assert not Path(folder).exists()


@pytest.mark.slow
def test_values_of_other_groups_are_not_left_out(sealed: Repo, tmp_path: Path) -> None:
    bob = Person.at(tmp_path / "bob")
    sealed.sealedfiles("grant", "bob", bob.keygen(), "--to", "default")
    sealed.write("ops.env", "TOKEN=s3cr3t-ops\n")
    sealed.sealedfiles("track", "ops.env", "--group", "ops")
    sealed.write("mixed.yaml", "a: s3cr3t-a\nb: s3cr3t-b\n")
    sealed.sealedfiles("track", "mixed.yaml", "--values", "b", "--group", "ops")
    sealed.commit("another group")
    copy = bob.clone(sealed, tmp_path / "of bob")
    copy.sealedfiles("unlock", "--no-hooks")
    folder = str(tmp_path / "out")
    for kind in ("plain", "sops"):
        copy.sealedfiles("export", "--to", kind, folder, "key.bin", "ops.env", code=3)
        assert "ops.env stays sealed: no key of ops" in copy.stderr
        copy.sealedfiles("export", "--to", kind, folder, "key.bin", "mixed.yaml", code=3)
        assert "mixed.yaml: values of ops stay sealed" in copy.stderr
        assert not Path(folder).exists()
    copy.sealedfiles("export", "--to", "plain", folder, "key.bin")
    assert [file.name for file in Path(folder).iterdir()] == ["key.bin"]


def test_a_text_that_sops_reads_as_a_line_end_is_refused(sealed: Repo, tmp_path: Path) -> None:
    sealed.write("win.env", "FOLDER='C:\\new'\n")
    sealed.sealedfiles("track", "win.env")
    sealed.commit("a path")
    folder = str(tmp_path / "out")
    sealed.sealedfiles("export", "--to", "sops", folder, "win.env", code=2)
    assert "win.env" in sealed.stderr
    assert "SOPS would read \\n in a value as the end of a line" in sealed.stderr
    sealed.sealedfiles("export", "--to", "dotenv", folder, "win.env")


@pytest.mark.parametrize("kind", ["sops", "age"])
def test_nothing_is_exported_for_nobody(
    sealed: Repo, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sealed.path)
    for name, value in sealed.person.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="no reader has access to all of its groups"):
        convert(read_in_place(Path(".env")), kind, lambda _place: [])


NUMBERS = {
    "json": {
        "9223372036854775807": True,
        "-9223372036854775808": True,
        "9223372036854775808": False,
        "-9223372036854775809": False,
        "12345678901234567890": False,
        "100000000000000000000": True,
        "1e20": True,
        "2E+21": True,
        "-0.0": True,
        "1e400": False,
        "1e-400": False,
        "0.1": True,
        "3.141592653589793238": False,
    },
    "yaml": {
        "9223372036854775807": True,
        "9223372036854775808": False,
        "12345678901234567890": False,
        "100000000000000000000": False,
        "0x8000000000000000": False,
        "1.5e+300": True,
        "1e400": True,
        ".inf": True,
        "3.141592653589793238": False,
        "1e-99999999999999999999": False,
    },
}


@pytest.mark.slow
def test_a_number_that_sops_would_change_or_not_read_is_refused(
    sealed: Repo, tmp_path: Path
) -> None:
    for form, numbers in NUMBERS.items():
        for place, (number, is_possible) in enumerate(numbers.items()):
            file, folder = f"number.{form}", tmp_path / f"{form}{place}"
            quoted = json.dumps({"a": 0}).replace("0", number) if form == "json" else f"a: {number}"
            sealed.write(file, f"{quoted}\n")
            if not place:
                sealed.sealedfiles("track", file)
            sealed.git("add", file)
            code = 0 if is_possible else 2
            sealed.sealedfiles("export", "--to", "sops", str(folder), file, code=code)
            if not is_possible:
                assert f"{file}: SOPS would change the date, time or number at a" in sealed.stderr
                continue
            found = opened(sealed, folder / file).decode().partition(":")[2].strip("}\n ")
            assert number == found or float(number.strip(".")) == float(found.strip(".")), number
