"""The stores for AWS, against moto: what is created, replaced, recorded and deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sealedfiles.app.push.pushing import store_of
from sealedfiles.app.push.stores.aws_parameters import JsonParameter, Parameters
from sealedfiles.app.push.stores.aws_secrets import JsonSecret, Secrets
from sealedfiles.app.push.stores.base import ChangedMeanwhileError, Remote, Store, Work
from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.model.targets import SCHEMES, Target, parse_url
from sealedfiles.remote.aws import Aws

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("aws")

REGION = "eu-central-1"


@pytest.fixture
def name(tmp_path: Path) -> str:
    return f"prod/{tmp_path.name}"


def target(scheme: str, name: str, *, as_json: bool | None = None) -> Target:
    url = f"{scheme}://{REGION}/{name}"
    form = SCHEMES[scheme].holds_json if as_json is None else as_json
    return Target("app", parse_url(url), url, ("x",), as_json=form)


KINDS = [("aws-sm", True), ("aws-sm", False), ("aws-ssm", False), ("aws-ssm", True)]


@pytest.fixture(params=KINDS, ids=["secret", "secrets", "parameters", "parameter"])
def store(request: pytest.FixtureRequest, name: str) -> Store:
    scheme, as_json = request.param
    return store_of(target(scheme, name, as_json=as_json))


def write(store: Store, remote: Remote, *delete: str, **values: str) -> list[str]:
    done: list[str] = []
    changed = tuple(n for n, value in values.items() if remote.values.get(n) != value)
    store.apply(Work(remote, values, changed, delete, "c0ffee"), done.append)
    return done


def call(service: str, operation: str, **parameters: object) -> dict[str, Any]:
    return Aws(service, REGION).call(operation, parameters)


def tags(service: str, name: str) -> dict[str, str]:
    if service == "secretsmanager":
        found = call(service, "DescribeSecret", SecretId=name)["Tags"]
    else:
        found = call(service, "ListTagsForResource", ResourceType="Parameter", ResourceId=name)
        found = found["TagList"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_each_form_has_its_store(name: str) -> None:
    made = [type(store_of(target(scheme, name, as_json=form))) for scheme, form in KINDS]
    assert made == [JsonSecret, Secrets, Parameters, JsonParameter]


@pytest.mark.many_variants
def test_values_are_written_read_changed_and_deleted(store: Store) -> None:
    assert store.read().values == {}
    assert write(store, store.read(), A="s3cr3t-a", B="s3cr3t-ä") == ["A", "B"]
    remote = store.read()
    assert remote.values == {"A": "s3cr3t-a", "B": "s3cr3t-ä"}
    assert remote.created == {"A", "B"}
    assert write(store, remote, A="s3cr3t-a", B="s3cr3t-new", C="s3cr3t-c") == ["B", "C"]
    assert write(store, store.read(), "A", B="s3cr3t-new", C="s3cr3t-c") == ["A"]
    remote = store.read()
    assert remote.values == {"B": "s3cr3t-new", "C": "s3cr3t-c"}
    assert remote.created == {"B", "C"}


def test_names_that_were_deleted_can_come_back(store: Store) -> None:
    write(store, store.read(), A="s3cr3t-a", B="s3cr3t-b")
    write(store, store.read(), "A", B="s3cr3t-b")
    write(store, store.read(), A="s3cr3t-2", B="s3cr3t-b")
    assert store.read().values == {"A": "s3cr3t-2", "B": "s3cr3t-b"}
    assert store.read().created == {"A", "B"}


def test_the_commit_is_in_the_tags(store: Store, name: str) -> None:
    write(store, store.read(), A="s3cr3t")
    service = "ssm" if isinstance(store, (Parameters, JsonParameter)) else "secretsmanager"
    path = name if isinstance(store, (JsonSecret, JsonParameter)) else f"{name}/A"
    path = f"/{path}" if service == "ssm" else path
    assert tags(service, path)["sealedfiles-commit"] == "c0ffee"


def test_many_names(store: Store) -> None:
    values = {f"A_RATHER_LONG_NAME_OF_A_VALUE_{n}": f"{n}" for n in range(30)}
    write(store, store.read(), **values)
    assert store.read().values == values
    assert store.read().created == set(values)
    write(store, store.read(), *[*values][1:], **{n: values[n] for n in [*values][:1]})
    assert store.read().created == {next(iter(values))}


def test_values_of_others_stay_in_a_secret(name: str) -> None:
    theirs = {"THEIRS": "x", "PORT": 8080, "LIST": [1]}
    call("secretsmanager", "CreateSecret", Name=name, SecretString=json.dumps(theirs))
    store = JsonSecret(target("aws-sm", name))
    remote = store.read()
    assert remote.values == {"THEIRS": "x", "PORT": "8080", "LIST": None}
    write(store, remote, A="s3cr3t")
    found = call("secretsmanager", "GetSecretValue", SecretId=name)["SecretString"]
    assert json.loads(found) == {**theirs, "A": "s3cr3t"}
    assert store.read().created == {"A"}


@pytest.mark.parametrize("form", [JsonSecret, JsonParameter])
def test_numbers_of_others_keep_their_spelling(
    name: str, form: type[JsonSecret | JsonParameter]
) -> None:
    theirs = '"A": 1234567890123456.78901, "B": 1.10, "C": 1e400'
    if form is JsonSecret:
        call("secretsmanager", "CreateSecret", Name=name, SecretString=f"{{{theirs}}}")
    else:
        call("ssm", "PutParameter", Name=f"/{name}", Value=f"{{{theirs}}}", Type="SecureString")
    store = form(target("aws-sm" if form is JsonSecret else "aws-ssm", name, as_json=True))
    write(store, store.read(), NEW="s3cr3t")
    if form is JsonSecret:
        found = call("secretsmanager", "GetSecretValue", SecretId=name)["SecretString"]
    else:
        found = call("ssm", "GetParameter", Name=f"/{name}", WithDecryption=True)["Parameter"][
            "Value"
        ]
    assert found == f'{{{theirs}, "NEW": "s3cr3t"}}'


def test_secrets_of_a_deeper_target_are_not_those_of_this_one(name: str) -> None:
    deeper = Secrets(target("aws-sm", f"{name}/prod", as_json=False))
    write(deeper, deeper.read(), A="s3cr3t")
    store = Secrets(target("aws-sm", name, as_json=False))
    write(store, store.read(), B="s3cr3t")
    assert store.read().values == {"B": "s3cr3t"}


def test_a_name_that_was_deleted_in_the_store_is_removed_from_the_record(name: str) -> None:
    store = JsonSecret(target("aws-sm", name))
    write(store, store.read(), A="s3cr3t", B="s3cr3t")
    call("secretsmanager", "PutSecretValue", SecretId=name, SecretString='{"B": "s3cr3t"}')
    done: list[str] = []
    gone = Work(store.read(), {"B": "s3cr3t"}, (), (), "c0ffee")
    assert gone.is_needed
    store.apply(gone, done.append)
    assert done == []
    call(
        "secretsmanager", "PutSecretValue", SecretId=name, SecretString='{"A": "x", "B": "s3cr3t"}'
    )
    assert store.read().created == {"B"}


def test_values_of_others_stay_beside_parameters(name: str) -> None:
    call("ssm", "PutParameter", Name=f"/{name}/THEIRS", Value="x", Type="String")
    call("ssm", "PutParameter", Name=f"/{name}/A", Value="x", Type="SecureString")
    store = Parameters(target("aws-ssm", name))
    write(store, store.read(), A="s3cr3t")
    assert store.read().values == {"THEIRS": "x", "A": "s3cr3t"}
    assert store.read().created == set()


def test_a_change_by_somebody_else_is_not_overwritten(store: Store) -> None:
    if isinstance(store, (JsonSecret, JsonParameter)):
        write(store, store.read(), A="s3cr3t")
    remote = store.read()
    write(store, store.read(), A="theirs")
    with pytest.raises(ChangedMeanwhileError):
        write(store, remote, A="s3cr3t-new")
    assert store.read().values == {"A": "theirs"}


def test_what_was_written_before_an_error_is_known(name: str) -> None:
    """A second run writes the rest."""
    store = Parameters(target("aws-ssm", name))
    remote = store.read()
    call("ssm", "PutParameter", Name=f"/{name}/B", Value="theirs", Type="String")
    done: list[str] = []
    work = Work(remote, {"A": "1", "B": "2", "C": "3"}, ("A", "B", "C"), commit="c0ffee")
    with pytest.raises(ChangedMeanwhileError):
        store.apply(work, done.append)
    assert done == ["A"]
    assert write(store, store.read(), A="1", B="2", C="3") == ["B", "C"]
    assert store.read().values == {"A": "1", "B": "2", "C": "3"}


def test_what_cannot_hold_several_values_is_an_error(name: str) -> None:
    call("secretsmanager", "CreateSecret", Name=name, SecretString="s3cr3t-text")
    with pytest.raises(RemoteError, match="is not a JSON object") as error:
        JsonSecret(target("aws-sm", name)).read()
    assert "s3cr3t" not in str(error.value.hints)
    call("secretsmanager", "CreateSecret", Name=f"{name}-2", SecretBinary="YWJj")
    with pytest.raises(RemoteError, match="is not text"):
        JsonSecret(target("aws-sm", f"{name}-2")).read()


def test_a_secret_that_is_being_deleted_is_named(name: str) -> None:
    call("secretsmanager", "CreateSecret", Name=name, SecretString="{}")
    call("secretsmanager", "DeleteSecret", SecretId=name)
    with pytest.raises(RemoteError, match="scheduled for deletion"):
        JsonSecret(target("aws-sm", name)).read()


def test_sizes_and_names_are_checked_before_anything_is_written(name: str) -> None:
    large = {"A": "x" * 5000}
    with pytest.raises(UsageError, match="larger than 4096"):
        Parameters(target("aws-ssm", name)).check(large)
    with pytest.raises(UsageError, match="is empty"):
        Parameters(target("aws-ssm", name)).check({"A": ""})
    with pytest.raises(UsageError, match="not a valid name"):
        Parameters(target("aws-ssm", name)).check({"A/B": "x"})
    with pytest.raises(UsageError, match="not a valid name"):
        JsonSecret(target("aws-sm", name)).check({"A[0]": "x"})
    one = JsonParameter(target("aws-ssm", name, as_json=True))
    with pytest.raises(UsageError, match="larger than 4096"):
        write(one, one.read(), **large)
    secret = JsonSecret(target("aws-sm", name))
    with pytest.raises(RemoteError, match="larger than 64 KB"):
        write(secret, secret.read(), A="x" * 70_000)
    assert one.read().values == secret.read().values == {}
