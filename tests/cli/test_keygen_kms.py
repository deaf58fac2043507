"""`keygen --kms`: from the machine's key to a job that has no secret, with real services."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import people
import pytest
from age.programs import age_since
from ci_tokens import Issuer
from people import FILES, YAML, Person, Repo
from services import Bao, program

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUE = "s3cr3t-production"
BLOB = ".sealedfiles/identities/ci.kms"


@dataclass
class Held:
    """A repository whose reader ``ci`` is held by a key of OpenBao, and the settings of its job."""

    repo: Repo
    setting: str
    job: dict[str, str]
    issuer: Issuer
    key: str
    """MOUNT/KEY"""
    said: str
    """What keygen printed to stderr."""

    def clone(self, path: Path, **changes: str) -> Repo:
        """Clone the repository as a job does: without any state, home or secret."""
        home = path.with_name(f"home of {path.name}")
        job = Person.at(home).having(**{**self.job, "SEALEDFILES_KMS": self.setting, **changes})
        return job.clone(self.repo, path)


@pytest.fixture
def held(repo: Repo, bao: Bao) -> Held:
    mount = f"transit-{time.monotonic_ns()}"
    bao.request("POST", f"sys/mounts/{mount}", {"type": "transit"})
    bao.request("POST", f"{mount}/keys/ci", {})
    issuer = Issuer()
    issuer.trust(bao, "ci", f'path "{mount}/decrypt/ci" {{ capabilities = ["update"] }}')
    repo.person = repo.person.having(VAULT_ADDR=bao.address, VAULT_TOKEN=bao.token)
    uri = f"vault-transit://{mount}/ci"
    printed = repo.sealedfiles("keygen", "--deploy", "ci", "--to", "production", "--kms", uri)
    said = repo.stderr
    repo.git("commit", "--quiet", "--message", "let the job read")
    job = {
        "CI": "true",
        "VAULT_ADDR": bao.address,
        "VAULT_AUTH_ROLE": "ci",
        "VAULT_AUTH_PATH": issuer.mount,
        "VAULT_ID_TOKEN": issuer.token(),
    }
    return Held(repo, printed.strip(), job, issuer, f"{mount}/ci", said)


def test_only_the_setting_is_printed_and_only_the_ciphertext_is_stored(held: Held) -> None:
    assert re.fullmatch(rf"vault-transit://{held.key}#ci=[a-z2-7]{{20}}", held.setting)
    changed = held.repo.git("show", "--format=", "--name-only", "HEAD").split("\n")
    assert BLOB in changed
    assert ".sealedfiles/recipients/ci.pub" in changed
    assert "AGE-SECRET-KEY" not in held.repo.read(BLOB) + held.said
    assert f"SEALEDFILES_KMS='{held.setting}'" in held.said
    assert held.repo.status() == []


def test_a_job_without_a_secret_reads_its_group_and_no_other(held: Held, tmp_path: Path) -> None:
    clone = held.clone(tmp_path / "job")
    assert VALUE in clone.sealedfiles("cat", YAML)
    assert clone.sealedfiles("get", YAML, "production.pin").strip() == VALUE
    clone.sealedfiles("get", YAML, "database.user", code=3)
    clone.sealedfiles("check")


def test_each_process_calls_the_service_once(held: Held, bao: Bao, tmp_path: Path) -> None:
    """A token that is valid for one request is enough for all files, and for the filter of git."""
    rights = f'path "{held.key.replace("/", "/decrypt/")}" {{ capabilities = ["update"] }}'
    name = held.issuer.mount + "-once"
    bao.request("PUT", f"sys/policies/acl/{name}", {"policy": rights})

    def token(uses: int) -> dict[str, str]:
        data = {"policies": [name], "num_uses": uses, "no_default_policy": True}
        made = bao.request("POST", "auth/token/create", data)
        return {"VAULT_TOKEN": made["auth"]["client_token"]}

    clone = held.clone(tmp_path / "job", **token(1))
    assert clone.sealedfiles("cat", *FILES).count(VALUE) == len(FILES)
    clone.person = clone.person.having(**token(2))
    clone.sealedfiles("unlock")  # and git's filter
    assert all(VALUE in clone.read(path) for path in FILES)
    assert not clone.folder("sealedfiles/keys").exists(), "a job stores no key"
    for path in FILES:
        (clone.path / path).unlink()
    clone.person = clone.person.having(**token(1))
    clone.git("checkout", "--quiet", "--", ".")
    assert all(VALUE in clone.read(path) for path in FILES)
    for path in FILES:
        (clone.path / path).unlink()
    clone.git("checkout", "--quiet", "--", ".")
    assert "stay sealed" in clone.stderr, "the token was used up, and the checkout did not fail"


def test_a_job_of_another_repository_reads_nothing(held: Held, tmp_path: Path) -> None:
    token = held.issuer.token(repository="mallory/orders")
    clone = held.clone(tmp_path / "fork", VAULT_ID_TOKEN=token)
    clone.sealedfiles("get", YAML, "production.pin", code=3)
    assert "login of the job as role ci" in clone.stderr
    assert token not in clone.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"VAULT_TOKEN": "expired"}, "the token has expired, was revoked, or is not one of"),
        ({"VAULT_TOKEN": "t", "VAULT_ADDR": "http://127.0.0.1:1"}, "cannot be reached"),
        ({"VAULT_ADDR": ""}, "the address of the server is not set"),
        ({"SEALEDFILES_KMS": ""}, "not set: SEALEDFILES_KEY"),
    ],
)
def test_without_the_service_the_key_is_missing(
    held: Held, tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    clone = held.clone(tmp_path / "job", **changes)
    clone.sealedfiles("get", YAML, "production.pin", code=3)
    assert clone.stderr.count(said) == 1


def test_a_setting_that_is_not_valid_is_an_error(held: Held, tmp_path: Path) -> None:
    clone = held.clone(tmp_path / "job", SEALEDFILES_KMS="1")
    clone.sealedfiles("get", YAML, "production.pin", code=3)
    assert "SEALEDFILES_KMS is not valid" in clone.stderr


def push(clone: Repo, path: str, text: str) -> None:
    """Change a file as somebody who has push access and no key."""
    clone.write(path, text)
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", "tune the pool")


@pytest.mark.many_variants
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"(?m)^kms: .*", "kms: aws-kms://alias/mallory?region=eu-west-1"),
        (r"(?m)^key: .*", "key: kcmzf66bkcmzf66bkcmz"),
        (r"(?m)^reader: ci$", "reader: bob"),
        (r"(?m)^(vault:v1:....)...", r"\1AAA"),
    ],
    ids=["another service", "another key", "another reader", "another ciphertext"],
)
@pytest.mark.parametrize("command", ["get", "cat", "run"])
def test_a_file_that_was_pushed_is_refused(
    held: Held, tmp_path: Path, old: str, new: str, command: str
) -> None:
    clone = held.clone(tmp_path / "job")
    changed = re.sub(old, new, clone.read(BLOB))
    assert changed != clone.read(BLOB)
    push(clone, BLOB, changed)
    arguments = {
        "get": ("get", YAML, "production.pin"),
        "cat": ("cat", YAML),
        "run": ("run", "-f", YAML, "--", "true"),
    }
    out = clone.sealedfiles(*arguments[command], code=4)
    assert VALUE not in out
    assert f"git log -p -- {BLOB}" in clone.stderr


def test_the_ciphertext_of_another_reader_is_refused(held: Held, tmp_path: Path) -> None:
    """Of the same key of the same service, which the job's role may use."""
    uri = held.setting.partition("#")[0]
    held.repo.sealedfiles("keygen", "--deploy", "staging", "--to", "default", "--kms", uri)
    held.repo.git("commit", "--quiet", "--message", "let staging read")
    clone = held.clone(tmp_path / "job")
    own, other = (clone.read(f".sealedfiles/identities/{name}.kms") for name in ("ci", "staging"))
    push(clone, BLOB, own.partition("\n\n")[0] + "\n\n" + other.partition("\n\n")[2])
    clone.sealedfiles("get", YAML, "production.pin", code=4)
    assert "the ciphertext is not one of this key and reader" in clone.stderr


def test_a_replaced_group_is_refused(held: Held, tmp_path: Path) -> None:
    """The encrypted text has the first key of the group, as the text of a deploy key has."""
    clone = held.clone(tmp_path / "job")
    mallory = Person.at(tmp_path / "mallory")
    forged = mallory.repository(tmp_path / "forged")
    forged.sealedfiles("init", "--name", "mallory")
    forged.sealedfiles("track", "*.yaml", "--group", "production", "--values", "**")
    key = clone.read(".sealedfiles/recipients/ci.pub").strip()
    forged.sealedfiles("grant", "ci", key, "--to", "production")
    forged.write("app.yaml", "production:\n  pin: of mallory\n")
    forged.write(BLOB, clone.read(BLOB))
    forged.commit("all of it")
    job = clone.person.clone(forged, tmp_path / "job of mallory")
    job.sealedfiles("get", "app.yaml", "production.pin", code=4)
    assert "do not include the expected key" in job.stderr


def test_who_revokes_the_reader_removes_the_file(held: Held, tmp_path: Path) -> None:
    held.repo.sealedfiles("revoke", "ci")
    held.repo.git("commit", "--quiet", "--message", "take it back")
    assert not (held.repo.path / BLOB).exists()
    assert held.repo.git("ls-files", "--", BLOB) == ""
    clone = held.clone(tmp_path / "job")
    clone.sealedfiles("get", YAML, "production.pin", code=3)
    assert f"without the file {BLOB}" in clone.stderr


def test_a_reader_of_several_groups_keeps_it_until_the_last_is_revoked(held: Held) -> None:
    public = held.repo.read(".sealedfiles/recipients/ci.pub").strip()
    held.repo.sealedfiles("grant", "ci", public, "--to", "default")
    held.repo.git("commit", "--quiet", "--message", "let it read more")
    held.repo.sealedfiles("revoke", "ci", "--from", "default")
    assert (held.repo.path / BLOB).exists()


def test_if_the_service_refuses_nothing_is_written(held: Held) -> None:
    held.repo.person = held.repo.person.having(VAULT_TOKEN="expired")
    command = ("keygen", "--deploy", "ci2", "--to", "production", "--kms")
    assert held.repo.sealedfiles(*command, held.setting.partition("#")[0], code=1) == ""
    assert "the token has expired" in held.repo.stderr
    held.repo.sealedfiles(*command, "kms://ci", code=2)
    held.repo.sealedfiles("keygen", "--kms", "gpg://x", code=2)
    assert held.repo.status() == []


PAGE = Path(__file__).parents[2] / "docs" / "kms.md"


def way_out(repo: Repo, command: str, path: str = "", **variables: str) -> bytes:
    """Run what docs/kms.md has for those without sealedfiles, with the line of one service; *path* is the
    path of the key in OpenBao."""
    block = PAGE.read_text().partition("## Without sealedfiles")[2].split("```sh\n")[1]
    first, lines, last = block.partition("```")[0].split("\n\n")
    (chosen,) = re.findall(rf"(?m)^{re.escape(command)}(?:.*\\\n)*.*", lines)
    chosen = chosen.replace("transit/decrypt/ci", path.replace("/", "/decrypt/"))
    script = f"{first}\n{chosen} > key\n{last}\nrm key"
    done = subprocess.run(
        ["sh", "-euc", script.replace("age -d", shlex.join([age_since((1, 3, 0)).path, "-d"]))],
        cwd=repo.path,
        env={**os.environ, **variables},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def assert_is_newest_key(repo: Repo, keys: bytes) -> None:
    newest = repo.read(".sealedfiles/keys/production/epochs").split("\n")[-2]
    assert keys.decode().split()[0] in newest


def test_the_way_out_needs_the_programs_of_others_only(held: Held, bao: Bao) -> None:
    """As the page has it: the service's own program, and age."""
    programs = os.pathsep.join([str(Path(program("bao")).parent), os.environ["PATH"]])
    settings = {"PATH": programs, "BAO_ADDR": bao.address, "BAO_TOKEN": bao.token}
    keys = way_out(held.repo, "bao write", held.key, **settings)
    assert_is_newest_key(held.repo, keys)


# -- other services


@pytest.fixture
def gnupg(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings of a user with an OpenPGP key; ``KEY`` is its fingerprint."""
    gpg, home = program("gpg"), tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    batch = [gpg, "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"]
    make = [*batch, "--quick-generate-key", "CI <ci@example.org>", "rsa2048", "encrypt"]
    subprocess.run(make, check=True, capture_output=True, timeout=60, env=environment)
    command = [gpg, "--with-colons", "--list-keys"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    line = next(line for line in listed.stdout.split("\n") if line.startswith("fpr:"))
    yield {"GNUPGHOME": str(home), "KEY": line.split(":")[9]}
    subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True, env=environment)


def test_gpg(repo: Repo, gnupg: dict[str, str], tmp_path: Path) -> None:
    repo.person = repo.person.having(**gnupg)
    uri = f"gpg://{gnupg['KEY']}"
    command = ("keygen", "--deploy", "ci", "--to", "production", "--kms", uri)
    setting = repo.sealedfiles(*command).strip()
    repo.git("commit", "--quiet", "--message", "let the job read")
    job = Person.at(tmp_path / "job").having(SEALEDFILES_KMS=setting, **gnupg)
    clone = job.clone(repo, tmp_path / "build")
    assert clone.sealedfiles("get", YAML, "production.pin").strip() == VALUE

    assert_is_newest_key(repo, way_out(repo, "ciphertext | gpg", GNUPGHOME=gnupg["GNUPGHOME"]))

    # Whoever has the public key can encrypt a key of their own.
    forged = tmp_path / "forged"
    job.run([*people.program(), "keygen", "-o", str(forged)], tmp_path)
    gpg = [program("gpg"), "--batch", "--armor", "--trust-model", "always", "-r", gnupg["KEY"]]
    message = job.run([*gpg, "--encrypt", "--output", "-", str(forged)], tmp_path)[0].decode()
    push(clone, BLOB, clone.read(BLOB).partition("\n\n")[0] + "\n\n" + message)
    clone.sealedfiles("get", YAML, "production.pin", code=4)
    assert "is not the private key of ci with the fingerprint" in clone.stderr


def test_aws(repo: Repo, moto: str, tmp_path: Path) -> None:
    """The job has a web identity token and a role, as GitHub and GitLab give it."""
    settings = {"AWS_ENDPOINT_URL": moto, "AWS_EC2_METADATA_DISABLED": "true"}
    secret = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-alice"}
    arn = _new_aws_key(moto)
    repo.person = repo.person.having(**settings, **secret)
    command = ("keygen", "--deploy", "ci", "--to", "production", "--kms", f"aws-kms://{arn}")
    setting = repo.sealedfiles(*command).strip()
    repo.git("commit", "--quiet", "--message", "let the job read")
    (tmp_path / "token").write_text("the token of the job")
    role = {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/ci",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
    }
    job = Person.at(tmp_path / "job").having(SEALEDFILES_KMS=setting, **settings, **role)
    clone = job.clone(repo, tmp_path / "build")
    assert clone.sealedfiles("get", YAML, "production.pin").strip() == VALUE

    head, _, body = clone.read(BLOB).partition("\n\n")
    push(clone, BLOB, f"{head}\n\n{body[:-9]}AAAA{body[-5:]}")
    clone.sealedfiles("get", YAML, "production.pin", code=4)
    assert "InvalidCiphertextException" in clone.stderr


def _new_aws_key(address: str) -> str:
    request = urllib.request.Request(
        address,
        b"{}",
        {
            "X-Amz-Target": "TrentService.CreateKey",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/kms/aws4_request",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["KeyMetadata"]["Arn"])


def test_doctor_decrypts_it(held: Held, tmp_path: Path) -> None:
    clone = held.clone(tmp_path / "job")
    assert f"KMS: ci, decrypted with vault-transit://{held.key}" in clone.sealedfiles(
        "doctor", code=None
    )
    clone.person = clone.person.having(VAULT_TOKEN="expired")
    assert "error    KMS: SEALEDFILES_KMS: Vault: " in clone.sealedfiles("doctor", code=1)
    clone.person = clone.person.having(
        SEALEDFILES_KMS=f"vault-transit://{held.key}#cd=kcmzf66bkcmzf66bkcmz"
    )
    assert ".sealedfiles/identities/cd.kms is missing" in clone.sealedfiles("doctor", code=1)


def test_outside_of_git(held: Held, tmp_path: Path) -> None:
    """As in an image that a job builds, or on a server."""
    folder = tmp_path / "copy"
    held.repo.git("clone", "--quiet", ".", str(folder))
    shutil.rmtree(folder / ".git")
    job = held.clone(tmp_path / "job")
    job.path = folder
    assert job.sealedfiles("get", YAML, "production.pin").strip() == VALUE
    blob = job.read(BLOB)
    job.write(BLOB, blob.replace("reader: ci", "reader: bob"))
    job.sealedfiles("get", YAML, "production.pin", code=4)


def test_who_names_the_service(held: Held) -> None:
    uri = held.setting.partition("#")[0]
    assert f"ci      age, post-quantum hybrid, in {uri}" in held.repo.sealedfiles("who")
    readers = json.loads(held.repo.sealedfiles("who", "--json"))["readers"]
    assert {one["reader"]: one["kms"] for one in readers} == {
        "alice": None,
        "bob": None,
        "ci": uri,
    }


def test_a_child_does_not_get_the_setting(held: Held, tmp_path: Path) -> None:
    clone = held.clone(tmp_path / "job")
    out = clone.sealedfiles("run", "-f", YAML, "--", "env")
    assert "PRODUCTION_PIN" in out
    assert "SEALEDFILES_KMS" not in out
