"""`sealedfiles migrate` from SOPS: files that the real program has written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from age.programs import ssh_keygen
from migration import assert_migrated, migrate, plan, repository, run, with_gpg

from sealedfiles import age

if TYPE_CHECKING:
    from pathlib import Path

    from people import Person, Repo

pytestmark = pytest.mark.slow

APP = """\
# a note at the top
database:
    # a note in a mapping
    password: 's3cr3t: # "1"'
    port: 5432
    ratio: 0.25
    like_a_number: "1e5"
    enabled: true
    empty: ""
    nothing: null
    key: |
        -----BEGIN KEY-----
        s3cr3t-line
        -----END KEY-----
hosts:
    # a note in a list
    - s3cr3t-a
    - "0644"
    - [s3cr3t-b, {c: s3cr3t-d}]
name_unencrypted: orders
"""
MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: orders
    annotations: {note: "08", size: 25.0}
stringData:
    token: s3cr3t-token
data:
    nested:
        - czNjcjN0
"""
JSON = {
    "api": {"token": "s3cr3t-ü <&>", "big": 12345678901, "on": False, "large": 1e21},
    "list": [1, "s3cr3t-x"],
}
DOTENV = "# a note\nAPI_KEY=s3cr3t-key # not a comment\nLINES=s3cr3t\\nsecond\nEMPTY=\n"
BINARY = b"s3cr3t \xff\x00 key\n"


def age_key(person: Person) -> str:
    """Give *person* a key of age where sops looks for it; return the public key."""
    identity = age.generate_identity(post_quantum=False)
    file = person.home / ".config/sops/age/keys.txt"
    file.parent.mkdir(parents=True)
    file.write_text(f"{identity.text}\n")
    file.chmod(0o600)
    return str(identity.recipient)


def encrypt(repo: Repo, path: str, content: str | bytes, *options: str) -> None:
    repo.write(path, content)
    run(repo, "sops", "encrypt", "--in-place", *options, path)


@pytest.fixture
def orders(tmp_path: Path) -> Repo:
    """A repository of an application: four kinds of files, one key."""
    repo = repository(tmp_path)
    key = age_key(repo.person)
    rule = f"  - path_regex: secrets/.*\n    age: {key}\n  - path_regex: \\.env$\n    age: {key}\n"
    repo.write(".sops.yaml", f"creation_rules:\n{rule}")
    encrypt(repo, "secrets/app.yaml", APP)
    encrypt(repo, "secrets/api.json", json.dumps(JSON))
    encrypt(repo, "prod.env", DOTENV)
    encrypt(repo, "secrets/key.bin", BINARY)
    repo.write("README.md", "ENC[AES256_GCM, of sops, mac]\n")
    repo.commit("first")
    return repo


@pytest.mark.slow
def test_the_values_of_an_application_are_the_same_after_one_command(orders: Repo) -> None:
    planned = plan(orders)
    assert [one["path"] for one in planned["files"]] == [
        "prod.env",
        "secrets/api.json",
        "secrets/app.yaml",
        "secrets/key.bin",
    ]
    report = migrate(orders)
    assert all(one["confirmed"] for one in report["files"])
    assert yaml.safe_load(orders.read("secrets/app.yaml")) == yaml.safe_load(APP)
    assert json.loads(orders.read("secrets/api.json")) == JSON
    # The values that sops gives to programs, which would otherwise read a comment and two signs.
    assert json.loads(orders.sealedfiles("cat", "--format", "json", "prod.env")) == {
        "API_KEY": "s3cr3t-key # not a comment",
        "LINES": "s3cr3t\nsecond",
        "EMPTY": "",
    }
    assert orders.read("prod.env").startswith("# a note\nAPI_KEY=")
    assert orders.read("secrets/app.yaml").count("# a note") == 3
    assert "name_unencrypted: orders" in orders.blob("", "secrets/app.yaml").decode()
    assert not (orders.path / ".sops.yaml").exists()
    paths = ("secrets/app.yaml", "secrets/api.json", "prod.env", "secrets/key.bin")
    stored = {path: orders.read_bytes(path) for path in paths}
    assert_migrated(orders, {**stored, "secrets/key.bin": BINARY})
    orders.write("secrets/later.json", '{"a": "s3cr3t-later"}')
    orders.git("add", "--all")
    assert b"s3cr3t" not in orders.blob("", "secrets/later.json")


def test_comments_become_readable_only_if_the_user_agrees(orders: Repo) -> None:
    orders.sealedfiles("migrate", "--yes", code=2)
    assert "4 comments that sops encrypts would become readable: prod.env: 1" in orders.stderr
    assert not (orders.path / ".sealedfiles").exists()
    orders.sealedfiles("migrate", "--yes", "--whole")
    for path in ("prod.env", "secrets/app.yaml"):
        assert "a note" in orders.read(path)
        assert len(orders.blob("", path).split(b"\n")) == 2
    assert b'"api"' in orders.blob("", "secrets/api.json")


@pytest.fixture
def cluster(tmp_path: Path) -> Repo:
    """A repository of manifests, of which parts are encrypted, for two readers with names."""
    repo = repository(tmp_path)
    own = age_key(repo.person)
    bob = ssh_keygen(tmp_path, "-t", "ed25519", "-C", "bob@laptop")[1].strip()
    keys = f"keys:\n  - &alice {own}\n  - &bob {bob}\n"
    rule = "  - path_regex: k8s/[^/]*\\.yaml$\n    encrypted_regex: ^(data|stringData)$\n"
    rule += "    age: [*alice, *bob]\n"
    special = rule.replace("[^/]*", "mac") + "    mac_only_encrypted: true\n"
    repo.write(".sops.yaml", f"{keys}creation_rules:\n{special}{rule}")
    encrypt(repo, "k8s/orders.yaml", MANIFEST)
    encrypt(repo, "k8s/mac.yaml", MANIFEST)
    assert "mac_only_encrypted: true" in repo.read("k8s/mac.yaml")
    repo.commit("first")
    return repo


@pytest.mark.slow
def test_rules_and_readers_are_carried_over(cluster: Repo) -> None:
    readers = {one["name"]: one for one in plan(cluster)["readers"]}
    assert {*readers} == {"alice", "bob"}
    assert [one["groups"] for one in readers.values()] == [["default"], ["default"]]
    bob = readers["bob"]["key"]
    cluster.sealedfiles("migrate", "--yes", "--grant", "bob", code=2)
    assert "the public key of bob was not confirmed" in cluster.stderr
    assert not (cluster.path / ".sealedfiles").exists()
    report = migrate(cluster, "--yes", "--grant", f"bob={bob}")
    assert {one["name"]: one["granted"] for one in report["readers"]} == {
        "alice": False,
        "bob": True,
    }
    assert report["notes"] == []
    assert (cluster.path / ".sealedfiles/keys/default/bob.age").exists()
    for path in ("k8s/orders.yaml", "k8s/mac.yaml"):
        assert yaml.safe_load(cluster.read(path)) == yaml.safe_load(MANIFEST)
        stored = yaml.safe_load(cluster.blob("", path))
        assert stored["metadata"] == yaml.safe_load(MANIFEST)["metadata"]
        assert stored["data"]["nested"][0].startswith("sealed:v1:")
    policy = cluster.read(".sealedfiles/policy.yaml")
    assert "**.stringData.**" in policy
    assert "k8s/*.yaml" in policy
    paths = ("k8s/orders.yaml", "k8s/mac.yaml")
    assert_migrated(cluster, {path: cluster.read_bytes(path) for path in paths})


@pytest.mark.slow
def test_the_hosts_of_sops_nix_and_their_files_in_nested_folders(tmp_path: Path) -> None:
    """Hosts have keys of age, made from their SSH keys; each has its files, some are for all."""
    repo = repository(tmp_path, "nixos")
    keys = {"alice": age_key(repo.person)}
    for host in ("web", "db"):
        keys[f"server_{host}"] = str(age.generate_identity(post_quantum=False).recipient)
    anchors = "".join(f"  - &{name} {key}\n" for name, key in keys.items())
    rules = "".join(
        f"  - path_regex: {pattern}\n    key_groups:\n      - age:\n"
        + "".join(f"          - *{name}\n" for name in names)
        for pattern, names in (
            ("hosts/web/secrets\\.yaml$", ("alice", "server_web")),
            ("hosts/db/secrets\\.yaml$", ("alice", "server_db")),
            ("secrets/[^/]+\\.(yaml|json|env|ini)$", [*keys]),
        )
    )
    repo.write(".sops.yaml", f"keys:\n{anchors}creation_rules:\n{rules}")
    repo.write("flake.nix", "{ }\n")
    values = (
        "wireless:\n    psk: s3cr3t-psk\nexample-key: s3cr3t-host\nlist:\n    - s3cr3t-1\n    - 2\n"
    )
    files = {
        "hosts/web/secrets.yaml": values,
        "hosts/db/secrets.yaml": values.replace("psk: s3cr3t", "psk: s3cr3t-db"),
        "secrets/shared.json": json.dumps({"smtp": {"password": "s3cr3t-smtp"}}),
        "secrets/backup.ini": "[restic]\npassword = s3cr3t-restic\n",
    }
    for path, content in files.items():
        encrypt(repo, path, content)
    repo.commit("first")
    readers = {one["name"]: one["groups"] for one in plan(repo)["readers"]}
    assert readers == {"alice": ["default"], "server_web": [], "server_db": []}
    report = migrate(repo)
    assert {one["path"] for one in report["files"]} == {*files}
    assert all(one["confirmed"] for one in report["files"])
    assert report["removed"] == [".sops.yaml"]
    for path in ("hosts/web/secrets.yaml", "hosts/db/secrets.yaml"):
        assert yaml.safe_load(repo.read(path)) == yaml.safe_load(files[path])
    shared = "secrets/shared.json"
    assert json.loads(repo.read(shared)) == json.loads(files[shared])
    assert_migrated(repo, {path: repo.read_bytes(path) for path in files})


def test_a_pattern_that_also_matches_sops_yaml_is_tracked(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    key = age_key(repo.person)
    repo.write(".sops.yaml", f"creation_rules:\n  - path_regex: .*\\.yaml$\n    age: {key}\n")
    encrypt(repo, "app.yaml", "password: s3cr3t-app\n")
    encrypt(repo, "config/db.yaml", "password: s3cr3t-db\n")
    repo.commit("first")
    part = plan(repo, "app.yaml")
    assert "it also matches .sops.yaml" in json.dumps(part["notes"])  # which stays
    planned = plan(repo)
    assert planned["notes"] == []
    assert [one["pattern"] for one in planned["tracked"]] == ["*.yaml"]
    repo.sealedfiles("migrate", "--yes")
    assert ".sops.yaml:" not in repo.stderr  # it is not sealed before it is removed
    assert not (repo.path / ".sops.yaml").exists()
    files = {"app.yaml": "password: s3cr3t-app\n", "config/db.yaml": "password: s3cr3t-db\n"}
    assert_migrated(repo, files)
    repo.write("config/later.yaml", "password: s3cr3t-later\n")
    repo.git("add", "--all")
    assert b"s3cr3t" not in repo.blob("", "config/later.yaml")


@pytest.mark.slow
def test_other_kinds_of_keys_are_left_to_sops(tmp_path: Path) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    repo = with_gpg(repository(tmp_path), home)
    listed = run(repo, "gpg", "--list-keys", "--with-colons").decode()
    key = next(line.split(":")[9] for line in listed.split("\n") if line.startswith("fpr"))
    encrypt(repo, "app.yaml", APP, "--pgp", key)
    encrypt(repo, "app.ini", "[db]\npassword = s3cr3t\n", "--pgp", key)
    repo.commit("first")
    report = migrate(repo)
    assert [one["confirmed"] for one in report["files"]] == [True, True]
    (reader,) = report["readers"]
    assert (reader["name"], reader["key"]) == ("alice <alice@example.org>", None)
    assert yaml.safe_load(repo.read("app.yaml")) == yaml.safe_load(APP)
    assert "name_unencrypted: orders" in repo.blob("", "app.yaml").decode()
    assert_migrated(repo, {path: repo.read_bytes(path) for path in ("app.yaml", "app.ini")})


@pytest.mark.many_variants
@pytest.mark.parametrize("damage", ["value", "moved", "plaintext", "mac"])
def test_a_changed_file_is_refused(cluster: Repo, damage: str) -> None:
    text = cluster.read("k8s/orders.yaml")
    token = text.partition("token: ")[2].partition("\n")[0]
    item = text.partition("- ENC")[2].partition("\n")[0]
    new = {
        "value": text.replace(token, token.replace("data:", "data:AAAA", 1)),
        "moved": text.replace(f"- ENC{item}", f"- {token}"),
        "plaintext": text.replace("name: orders", "name: evil"),
        "mac": text.replace("mac: ENC", "mac: DEC"),
    }[damage]
    assert new != text
    cluster.write("k8s/orders.yaml", new)
    cluster.commit("change")
    cluster.sealedfiles("migrate", "--yes", code=4)
    assert "k8s/orders.yaml: " in cluster.stderr
    assert not (cluster.path / ".sealedfiles").exists()


@pytest.mark.slow
def test_a_reader_gets_no_access_to_a_group_that_has_other_values(cluster: Repo) -> None:
    bob = f"bob={plan(cluster)['readers'][1]['key']}"
    cluster.sealedfiles("init", "--no-hooks")
    cluster.write("other.env", "A=s3cr3t-other\n")
    cluster.sealedfiles("track", "other.env")
    cluster.git("add", "other.env")
    for _ in ("staged", "committed, and then only in the history"):
        cluster.sealedfiles("migrate", "--yes", "--grant", bob, code=2)
        assert "bob would get access to more values than before" in cluster.stderr
        cluster.git("commit", "--quiet", "--allow-empty", "-m", "sealedfiles")
        cluster.git("rm", "--quiet", "--ignore-unmatch", "other.env")
    report = migrate(cluster, "--yes", "--group", "new", "--grant", bob)
    assert {one["group"] for one in report["files"]} == {"new"}
    keys = cluster.path / ".sealedfiles/keys"
    assert [*keys.glob("*/bob.age")] == [keys / "new/bob.age"]


@pytest.mark.slow
def test_a_reader_of_some_files_gets_no_access_to_the_others(cluster: Repo) -> None:
    key = plan(cluster)["readers"][0]["key"]
    encrypt(cluster, "k8s/own.yaml", MANIFEST, "--age", key)
    cluster.commit("only alice")
    readers = {one["name"]: one for one in plan(cluster)["readers"]}
    assert [readers[name]["groups"] for name in ("alice", "bob")] == [["default"], []]
    bob = f"bob={readers['bob']['key']}"
    cluster.sealedfiles("migrate", "--yes", "--grant", bob, code=2)
    assert "bob would get access to more values than before" in cluster.stderr
    paths = ["k8s/orders.yaml", "k8s/mac.yaml"]
    report = migrate(cluster, "--yes", "--group", "shared", "--grant", bob, *paths)
    assert report["groups"] == [{"group": "shared", "readers": []}]
    output = cluster.sealedfiles("migrate", "--dry-run", "--group", "shared")
    assert "  shared: read by alice, bob\n" in output
    assert report["done"] is True
    assert [*(cluster.path / ".sealedfiles/keys").glob("*/bob.age")] == [
        cluster.path / ".sealedfiles/keys/shared/bob.age"
    ]


@pytest.mark.slow
def test_a_value_of_an_env_file_without_a_spelling_for_all_programs_is_named(
    tmp_path: Path,
) -> None:
    repo = repository(tmp_path)
    key = age_key(repo.person)
    encrypt(repo, "a.env", "A=x\\\\\\\\y\\nz\nB=s3cr3t b\nC=s3cr3t # c\n", "--age", key)
    repo.commit("first")
    named = [one["message"] for one in migrate(repo)["notes"]]
    assert named == [
        "a.env: no spelling suits all programs, so node would read another value: A",
    ]
