"""`edit --base64`: the data of Kubernetes Secrets as their stringData."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from people import ENV, assert_one_token_changed

if TYPE_CHECKING:
    from desk import Desk

PATH = "secrets/k8s.yaml"
BINARY = b64encode(bytes(range(256))).decode()


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


LINES = encoded("s3cr3t\ntwo\n")

SECRET = f"""\
# of the shop
apiVersion: v1
kind: Secret
data:
  user: "{encoded("s3cr3t-user")}"   # quoted
  password: {encoded("s3cr3t: #1")}
  number: {encoded("5432")}
  lines: |-
    {LINES}
  store: {BINARY}
  odd: not base64!
---
kind: ConfigMap
data:
  user: {encoded("s3cr3t-plain")}
---
kind: List
items:
- kind: Secret
  data: {{inner: {encoded("s3cr3t-inner")}}}
"""


@pytest.fixture
def secret(desk: Desk) -> Desk:
    desk.repo.write(PATH, SECRET)
    desk.repo.git("add", PATH)
    return desk


def test_the_values_are_shown_decoded(secret: Desk) -> None:
    said = secret.edit(PATH, 'cp "$1" shown', "--base64")
    assert "no changes" in said
    assert secret.repo.read(PATH) == SECRET
    shown = secret.repo.read("shown")
    for line in (
        'user: "s3cr3t-user"   # quoted',
        "inner: s3cr3t-inner",
        f"store: {BINARY}",
        "odd: not base64!",
        f"user: {encoded('s3cr3t-plain')}",
    ):
        assert line in shown
    assert "s3cr3t: #1" in shown
    assert encoded("5432") not in shown


def test_only_a_changed_value_is_encoded_again(secret: Desk) -> None:
    before = secret.repo.tokens("", PATH)
    secret.edit(PATH, 'sed -i.bak "s/s3cr3t: #1/it is new/" "$1"', "--base64")
    assert secret.repo.sealedfiles("get", PATH, "[0].data.password", "--base64") == "it is new\n"
    secret.repo.git("add", PATH)
    assert_one_token_changed(before, secret.repo.tokens("", PATH))
    lines = zip(SECRET.split("\n"), secret.repo.read(PATH).split("\n"), strict=True)
    assert [old.split(":")[0] for old, new in lines if old != new] == ["  password"]


def test_new_values_are_encoded_and_moved_ones_are_kept(secret: Desk) -> None:
    script = 'sed -i.bak -e "s/^  number:/  port: 80\\n  number:/" -e "s/^  store:/  file:/" "$1"'
    secret.edit(PATH, script, "--base64")
    assert secret.repo.sealedfiles("get", PATH, "[0].data.port", "--base64") == "80\n"
    assert secret.repo.sealedfiles("get", PATH, "[0].data.file") == f"{BINARY}\n"
    assert secret.repo.sealedfiles("get", PATH, "[0].data.number") == f"{encoded('5432')}\n"


def test_json_and_a_file_that_is_sealed_on_disk(desk: Desk) -> None:
    path = "config/secret.json"
    desk.repo.write(path, json.dumps({"kind": "Secret", "data": {"a": encoded("s3cr3t\n")}}))
    desk.repo.sealedfiles("seal", path)
    desk.edit(path, r"""grep -F 's3cr3t\n' "$1" && sed -i.bak 's/s3cr3t/new/' "$1" """, "--base64")
    assert "s3cr3t" not in desk.repo.read(path)
    assert desk.repo.sealedfiles("get", path, "data.a", "--base64") == "new\n"


def test_an_edit_that_does_not_parse_is_kept(secret: Desk) -> None:
    said = secret.edit(PATH, 'echo "  {" >> "$1"', "--base64", code=1)
    assert PATH in said
    assert secret.repo.read(PATH) == SECRET


def test_other_formats_have_no_secrets_of_kubernetes(desk: Desk) -> None:
    assert "only YAML and JSON" in desk.edit(ENV, "true", "--base64", code=2)
