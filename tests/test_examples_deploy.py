"""examples/deploy: the shell of each page, run with the real program where there is one."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
import yaml
from people import SECRET, Person, Repo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the pages are for a POSIX shell")

EXAMPLES = Path(__file__).parent.parent / "examples" / "deploy"
DOCKER = """\
#!/bin/sh
# Checks what BuildKit needs: the secret is in the environment, and not an argument.
set -eu
printf '%s\\n' "$@" >arguments
printf '%s' "$NPM_TOKEN" >secret
env | grep -c s3[c]r3t >values
"""


def real(program: str) -> str:
    """Return the path of *program*; skip the test if it is not installed."""
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is not installed")
    return found


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Person.at(tmp_path / "alice").repository(tmp_path / "repo")
    made.sealedfiles("init", "--name", "alice")
    made.sealedfiles("track", "*.env")
    return made


def use(repo: Repo, page: str, path: str, text: str) -> None:
    """Copy the files of *page* into *repo*, and commit them with the sealed file *path*."""
    shutil.copytree(EXAMPLES / page, repo.path, dirs_exist_ok=True)
    repo.write(path, text)
    repo.commit("first")
    assert b"sealed:v1:" in repo.blob("HEAD", path)


def with_program(repo: Repo, folder: Path, name: str, script: str) -> Repo:
    """Return *repo* with the program *name*, a *script*, first on PATH."""
    program = folder / "bin" / name
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{repo.person.environment()['PATH']}"
    return Repo(repo.person.having(PATH=path), repo.path)


def test_docker_gets_the_secret_in_its_environment_only(repo: Repo, tmp_path: Path) -> None:
    use(repo, "docker", "build.env", f"NPM_TOKEN={SECRET}-npm\nOTHER={SECRET}-other\n")
    with_program(repo, tmp_path, "docker", DOCKER).raw("sh", "build.sh", "app:1.0")
    assert repo.read("arguments").split("\n")[:-1] == [
        "build", "--secret", "id=NPM_TOKEN,env=NPM_TOKEN", "--tag", "app:1.0", ".",
    ]  # fmt: skip
    assert repo.read("secret") == f"{SECRET}-npm"
    assert repo.read("values") == "1\n"
    assert "--mount=type=secret,id=NPM_TOKEN" in repo.read("Dockerfile")


def test_terraform_gets_its_variables(repo: Repo) -> None:
    real("terraform")
    use(
        repo,
        "terraform",
        "terraform.env",
        f"TF_VAR_database_password={SECRET}-db\nTF_VAR_api_token={SECRET}-api\n",
    )
    repo.raw("sh", "apply.sh", "init", "-no-color")
    repo.raw("sh", "apply.sh", "apply", "-no-color", "-auto-approve")
    state = json.loads(repo.read("terraform.tfstate"))
    (resource,) = state["resources"]
    assert resource["instances"][0]["attributes"]["input"]["value"] == {"token": f"{SECRET}-api"}
    assert f"{SECRET}-db" not in repo.read("terraform.tfstate")


KUBECTL = """\
#!/bin/sh
set -eu
printf '%s\\n' "$@" >arguments
cat >manifest
"""


def test_kubectl_gets_the_secret_from_its_standard_input(repo: Repo, tmp_path: Path) -> None:
    use(repo, "kubernetes", "orders.env", f"DB_PASSWORD='{SECRET} with blanks '\n")
    owner = with_program(repo, tmp_path, "kubectl", KUBECTL)
    owner.raw("sh", "apply.sh", "shop")
    assert SECRET not in repo.read("arguments")
    manifest = yaml.safe_load(repo.read("manifest"))
    assert (manifest["kind"], manifest["metadata"]) == (
        "Secret",
        {"name": "orders", "namespace": "shop"},
    )
    values = {key: base64.b64decode(value).decode() for key, value in manifest["data"].items()}
    assert values == {"DB_PASSWORD": f"{SECRET} with blanks "}
    (repo.path / "manifest").unlink()
    repo.write("orders.env", "DB_PASSWORD=sealed:v1:damaged\n")
    owner.raw("sh", "apply.sh", "shop", code=None)
    assert not (repo.path / "manifest").exists()


def test_the_plugin_of_argo_cd_prints_the_manifests_and_the_secret(repo: Repo) -> None:
    use(repo, "kubernetes", "orders.env", f"DB_PASSWORD={SECRET}-db\n")
    plugin = yaml.safe_load(repo.read("argocd-plugin.yaml"))
    printed = list(yaml.safe_load_all(repo.raw(*plugin["spec"]["generate"]["command"])))
    assert (repo.path / plugin["spec"]["discover"]["fileName"]).exists()
    assert printed[-1]["kind"] == "Secret"
    kinds = [one["kind"] for one in printed if "kind" in one]
    assert {"SecretStore", "ExternalSecret"} < set(kinds)


def test_the_targets_are_those_that_the_external_secret_reads(repo: Repo) -> None:
    use(repo, "kubernetes", "orders.env", f"DB_PASSWORD={SECRET}-db\n")
    policy = repo.read(".sealedfiles/policy.yaml")
    repo.write(".sealedfiles/policy.yaml", policy + repo.read("policy-targets.yaml"))
    repo.sealedfiles("trust", "policy", "--yes")
    targets = json.loads(repo.sealedfiles("push", "--json"))["targets"]
    urls = {one["target"]: one["to"] for one in targets}
    store, secret = yaml.safe_load_all(repo.read("external-secret.yaml"))
    mount = store["spec"]["provider"]["vault"]["path"]
    assert (
        urls["production"] == f"vault://{mount}/{secret['spec']['dataFrom'][0]['extract']['key']}"
    )
    meta = secret["metadata"]
    assert urls["cluster"] == f"k8s://{meta['namespace']}/{secret['spec']['target']['name']}"


def test_systemd_gets_a_credential_for_this_machine(repo: Repo, tmp_path: Path) -> None:
    creds = real("systemd-creds")
    if os.geteuid():
        pytest.skip("only root can use the host key of systemd")
    use(repo, "systemd", "secrets/app.env", f"DB_PASSWORD='{SECRET} with blanks '\n")
    folder = tmp_path / "credentials"
    owner = Repo(repo.person.having(CREDENTIALS=str(folder)), repo.path)
    owner.raw("sh", "install-credential.sh", "secrets/app.env", "DB_PASSWORD", "db-password")
    (credential,) = folder.iterdir()
    assert credential.name == "db-password"
    assert SECRET.encode() not in credential.read_bytes()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    shown = repo.raw(creds, "decrypt", "--name=db-password", str(credential), "-")
    assert shown == f"{SECRET} with blanks ".encode()
    unit = repo.read("app.service")
    assert "LoadCredentialEncrypted=db-password\n" in unit
    # A value that cannot be decrypted leaves the credential as it was.
    owner.raw("sh", "install-credential.sh", "secrets/app.env", "NO_SUCH", "db-password", code=None)
    assert [one.name for one in folder.iterdir()] == ["db-password"]
    assert repo.raw(creds, "decrypt", "--name=db-password", str(credential), "-") == shown
