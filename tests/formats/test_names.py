"""Which format a file has by its name."""

from __future__ import annotations

import pytest

from sealedfiles.formats import name_by_path

NAMES = {
    "yaml": "a.yaml a.yml A.YML a.env.yaml .env.yml",
    "json": "a.json A.JSON .env.json a.jsonc a.json5",
    "properties": "a.properties application-prod.PROPERTIES",
    "tfvars": "terraform.tfvars prod.auto.TFVARS",
    "ini": "a.ini PHP.INI",
    "xml": "a.xml A.XML web.config App.Config .config pom.xml",
    "ndjson": "a.ndjson a.jsonl A.JSONL",
    "toml": "a.toml A.TOML pyproject.toml .toml",
    "dotenv": ".env prod.env .env.local app.env.example .ENV .env-local .env_test .envrc .envrc.private "
    ".ENVRC .flaskenv .flaskenv.local .dev.vars .dev.vars.staging deep/.envrc",
    "whole": "a.pem a env.py env environment .environment envrc a.envrc dev.vars .dev.varsx .flaskenvs a.yamlx",
}


@pytest.mark.parametrize(
    ("form", "name"), [(f, n) for f, all_ in NAMES.items() for n in all_.split()]
)
def test_formats_by_name(form: str, name: str) -> None:
    assert name_by_path(name.encode()) == form
    assert name_by_path(b"folder.env/" + name.encode()) == form
