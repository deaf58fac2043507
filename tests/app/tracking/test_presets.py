"""The presets: which files they recognize, and what they leave in plaintext."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from corpus import FOLDER
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.scan.named_secrets import is_named_like_a_secret
from sealedfiles.app.tracking.new_rules import NewRule, add_rules
from sealedfiles.app.tracking.presets import PRESET_NAMES, PRESETS, Preset, preset_named, preset_of
from sealedfiles.model import paths
from sealedfiles.model.policy import parse_policy
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.sealed_text import SealedText

if TYPE_CHECKING:
    from collections.abc import Callable

every_preset = pytest.mark.parametrize("preset", PRESETS, ids=[one.name for one in PRESETS])

EXPECTED = {
    "compose/compose.yaml": "compose",
    "dotnet/appsettings.json": "appsettings",
    "helm/values.yaml": "helm",
    "kubernetes/crd.yml": "kubernetes",
    "kubernetes/deployment.yaml": "kubernetes",
    "kubernetes/secret.yaml": "kubernetes",
    "rails/credentials.yml": "rails",
    "rails/database.yml": "rails",
    "spring/application-prod.properties": "spring",
    "spring/application.yml": "spring",
    "terraform/prod.tfvars.json": "terraform",
    "terraform/secrets.auto.tfvars": "terraform",
    "terraform/state.json": "terraform",
}
"""The kind of each file of the corpus that is of one."""

SEALED = {
    "terraform/secrets.auto.tfvars": [
        *("nothing", "database.host", "database.password", "database.ports[]", "database.ports[]"),
        *('database."with blank"', "private_key", "users[].name", "users[].token"),
        *("users[].name", "users[].token"),
    ],
    "compose/compose.yaml": [
        "services.web.environment.DATABASE_URL",
        "services.web.environment.DEBUG",
        "services.db.environment[]",
        "services.db.environment[]",
    ],
    "dotnet/appsettings.json": ["ConnectionStrings.Default", "Jwt.Key"],
    "helm/values.yaml": [],
    "kubernetes/crd.yml": [],
    "kubernetes/deployment.yaml": ["spec.template.spec.containers[].env[].value"],
    "spring/application-prod.properties": ['"spring.datasource.password"'],
    "spring/application.yml": [
        "spring.datasource.password",
        'spring.kafka.properties."[sasl.jaas.config]"',
        "server.ssl.key-store-password",
    ],
    "terraform/prod.tfvars.json": ["db_password", "ratio"],
    "terraform/state.json": [
        "outputs.url.value",
        "resources[].instances[].attributes.id",
        "resources[].instances[].attributes.port",
        "resources[].instances[].attributes.password",
    ],
    "rails/database.yml": ["production.username", "production.password"],
}


def values_of(path: str, text: str) -> list[bytes]:
    name = path.encode()
    return [span.path for span in SealedText(text.encode(), describe_file(name)).values]


def of(path: str, text: str) -> str | None:
    preset = preset_of(path.encode(), values_of(path, text))
    return preset.name if preset else None


def sealed(name: str, path: str, text: str) -> list[str]:
    """Return the key paths that the rules of the preset *name* seal."""
    data = add_rules(b"version: 1\n", path, preset_named(name).rules())
    rules = parse_policy(data).for_file(path)
    return [paths.show(one) for one in values_of(path, text) if rules.group_of(one)]


def test_each_kind_is_recognized_by_its_path_and_shape_and_no_other_file_is() -> None:
    files = [one for one in FOLDER.rglob("*") if one.is_file()]
    found = {
        str(one.relative_to(FOLDER)): of(str(one.relative_to(FOLDER)), one.read_text("utf-8"))
        for one in files
    }
    assert {path: name for path, name in found.items() if name} == EXPECTED
    workflow = (FOLDER / "github/ci.yml").read_text("utf-8")
    assert of(".github/workflows/ci.yml", workflow) == "github-actions"
    assert of("deploy/action.yml", "runs: {using: node20}\n") == "github-actions"
    assert of("deploy/action.yml", "a: 1\n") is None
    argo = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
    assert of("apps/application.yaml", argo) == "kubernetes"
    assert of("charts/web/values/prod.yaml", "a: 1\n") == "helm"
    assert of("stack.yml", "services: {web: {image: nginx}}\n") == "compose"
    assert of("charts/web/prod-values.yaml", "a: 1\n") == "helm"
    assert of("config/secrets.yml", "production: {secret_key_base: 12}\n") == "rails"


@pytest.mark.parametrize("path", SEALED)
def test_what_is_not_secret_stays_in_plaintext(path: str) -> None:
    assert sealed(EXPECTED[path], path, (FOLDER / path).read_text("utf-8")) == SEALED[path]


def test_of_a_kubernetes_secret_the_data_is_sealed_and_nothing_else() -> None:
    text = (FOLDER / "kubernetes/secret.yaml").read_text("utf-8").partition("\n---\n")[0]
    found = ["data.password", 'data."ca.crt"', 'stringData."application.properties"']
    assert sealed("kubernetes", "s.yaml", text) == found
    text = (
        '{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Secret", "data": {"a": "eA=="}}]}'
    )
    assert sealed("kubernetes", "s.json", text) == ["items[].data.a"]


def test_names_of_other_objects_stay_in_plaintext() -> None:
    text = (
        "auth: {existingSecret: a, secretName: b, password: c}\nextraEnv: [{name: d, value: e}]\n"
    )
    found = sealed("helm", "values.yaml", text)
    assert found == ["auth.password", "extraEnv[].value"]


@pytest.mark.parametrize("name", ["kubernetes", "compose", "helm", "spring", "appsettings"])
def test_lists_and_all_that_is_below_a_name_of_a_secret_are_sealed(name: str) -> None:
    text = """\
a:
  tokens: [LEAK1, LEAK2]
  passwords:
  - LEAK3
  password: {main: LEAK4, other: {deep: LEAK5}}
  apiKeys: [{name: x, v: LEAK6}]
  clientSecret: [LEAK7]
"""
    found = sealed(name, "x.yaml", text)
    nested = ["a.passwords[]", "a.password.main", "a.password.other.deep"]
    assert found[:5] == ["a.tokens[]", "a.tokens[]", *nested]
    assert found[-2:] == ["a.apiKeys[].v", "a.clientSecret[]"]


@pytest.mark.parametrize("path", ["application.properties", "bootstrap.yml"])
def test_the_address_of_a_mongodb_is_sealed_in_both_formats_of_spring(path: str) -> None:
    sign = "=" if path.endswith("properties") else ": "
    text = f"spring.data.mongodb.uri{sign}mongodb://u:p@db\nspring.data.mongodb.database{sign}a\n"
    assert of(path, text) == "spring"
    assert sealed("spring", path, text) == ['"spring.data.mongodb.uri"']


@pytest.mark.parametrize("name", ["ConnectionStrings", "connectionStrings", "CONNECTIONSTRINGS"])
def test_connection_strings_are_sealed_in_any_case(name: str) -> None:
    text = f'{{"{name}": {{"Main": "x"}}, "Db": {{"{name[:-1]}": "x", "Url": "y"}}}}'
    found = sealed("appsettings", "appsettings.json", text)
    assert found == [f"{name}.Main", f"Db.{name[:-1]}"]


def test_references_to_objects_of_kubernetes_stay_in_plaintext() -> None:
    pod = """\
imagePullSecrets: [{name: registry}]
containers:
- env:
  - {name: A, valueFrom: {secretKeyRef: {name: db, key: password}}}
  envFrom: [{secretRef: {name: db}}]
"""
    more = """\
kind: Pod
volumes:
- {name: v, secret: {secretName: db, items: [{key: a, path: b}]}}
- projected: {sources: [{serviceAccountToken: {path: token}}, {secret: {name: db}}]}
automountServiceAccountToken: false
serviceAccountToken: LEAK
secretRef: LEAK
secrets: [{name: db}]
spec: {secretStoreRef: {name: vault, kind: SecretStore}, privateKeySecretRef: {name: acme}}
"""
    assert sealed("kubernetes", "pod.yaml", pod + more) == [
        "serviceAccountToken",
        "secretRef",
    ]
    assert sealed("helm", "values.yaml", pod) == []
    compose = "services: {web: {secrets: [db], build: {secrets: [db]}}}\nsecrets: {db: {file: f}}\n"
    assert sealed("compose", "compose.yaml", f"{compose}x-a: {{secrets: {{b: LEAK}}}}\n") == [
        "x-a.secrets.b"
    ]


def test_values_that_were_found_are_sealed_in_any_case_and_to_the_group() -> None:
    preset = preset_named("compose")
    rules = preset.rules(["services.web.image", "**.secrets.a"], "production")
    data = add_rules(b"version: 1\n", "c.yaml", rules)
    file = parse_policy(data).for_file("c.yaml")
    assert file.group_of(paths.key_step("services")) is None
    for keys in (["services", "web", "image"], ["x", "secrets", "a"], ["services", "password"]):
        assert file.group_of(b"".join(map(paths.key_step, keys))) == "production"
    assert preset_named("rails").rules(group="g")[-1] == NewRule(group="g")
    assert preset_named("rails").rules()[-1].plain


WORDS = st.sampled_from(
    [
        "db",
        "app",
        "api",
        "access",
        "admin",
        "auth",
        "client",
        "private",
        "secret",
        "signing",
        "ssh",
        "user",
        "password",
        "passwd",
        "passphrase",
        "apikey",
        "pass",
        "pwd",
        "token",
        "credentials",
        "credential",
        "key",
        "accesskey",
        "privatekey",
        "prod",
        "64",
        "base",
        "production",
    ]
)
SPELLINGS: dict[str, Callable[[list[str]], str]] = {
    "snake": "_".join,
    "kebab": "-".join,
    "upper": lambda words: "_".join(words).upper(),
    "camel": lambda words: "".join([words[0], *(word.capitalize() for word in words[1:])]),
    "pascal": lambda words: "".join(word.capitalize() for word in words),
}


@pytest.mark.many_variants
@every_preset
@given(words=st.lists(WORDS, min_size=1, max_size=4), spelling=st.sampled_from(sorted(SPELLINGS)))
def test_every_name_that_a_scan_reports_is_sealed(
    preset: Preset, words: list[str], spelling: str
) -> None:
    name = SPELLINGS[spelling](words)
    if not is_named_like_a_secret(name) or preset.name == "github-actions":
        return
    rules = parse_policy(add_rules(b"version: 1\n", "f", preset.rules())).for_file("f")
    assert rules.group_of(paths.key_step("spec") + paths.key_step(name)) == "default"
    assert rules.group_of(paths.key_step(name)) == "default"
    assert rules.group_of(paths.key_step(name) + paths.ITEM) == "default"
    below = paths.key_step("main") + paths.ITEM + paths.key_step("deep")
    assert rules.group_of(paths.key_step("spec") + paths.key_step(name) + below) == "default"


@every_preset
def test_the_patterns_are_valid_and_the_name_can_be_chosen(preset: Preset) -> None:
    assert preset.name in PRESET_NAMES
    parse_policy(add_rules(b"version: 1\n", "f", preset.rules(["a.b"], "g")))


@pytest.mark.parametrize(
    ("name", "path", "other"),
    [
        ("appsettings", "appsettings.json", '{"Jwt": {"Secret": "a", "sEcret": "EVIL"}}'),
        ("spring", "application.yml", "Jwt: {Secret: a, se-cret: EVIL}"),
    ],
)
def test_what_presets_leave_to_readers_that_ignore_case_is_documented(
    name: str, path: str, other: str
) -> None:
    """If a preset seals such keys, remove its name from both pages."""
    assert sealed(name, path, other) == ["Jwt.Secret"]
    top = Path(__file__).parents[3]
    for page in ("SECURITY.md", "docs/adopting.md"):
        text = " ".join((top / page).read_text("utf-8").split())
        assert f"`{name}`" in re.findall(r"presets (`\w+` and `\w+`)", text)[0], page


def test_the_rules_for_readers_that_ignore_case_seal_other_spellings() -> None:
    """Those that docs/adopting.md advises in place of a preset."""
    page = (Path(__file__).parents[3] / "docs/adopting.md").read_text("utf-8")
    command = re.findall(r"^sealedfiles track 'appsettings\*.json' (.*) --plain$", page, re.M)[0]
    plain = tuple(word for word in shlex.split(command) if word != "--values")
    data = add_rules(b"version: 1\n", "a.json", [NewRule(plain, plain=True)])
    text = (FOLDER / "dotnet/appsettings.json").read_text("utf-8")
    rules = parse_policy(data).for_file("a.json")
    found = [paths.show(one) for one in values_of("a.json", text) if not rules.group_of(one)]
    assert found
    assert all(one == "AllowedHosts" or one.startswith("Logging.") for one in found)
    for key in ("sEcret", "Secret"):
        assert rules.group_of(paths.key_step("Jwt") + paths.key_step(key))
