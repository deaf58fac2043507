"""The formats in which values can be found, each in a separate module."""

from __future__ import annotations

from sealedfiles.formats.base import Editor, Format

NAMES = ("yaml", "json", "dotenv", "toml", "ndjson", "properties", "ini", "tfvars", "xml")
"""The names of the formats, as in the policy; ``whole`` is not one of them."""
FIRST_NAMES = NAMES[:3]
"""Those that all versions of this program have."""

_DOTENV_NAMES = (b".env", b".envrc", b".flaskenv", b".dev.vars")
"""The well-known names: dotenv, direnv, Flask, Wrangler (Cloudflare)."""


def name_by_path(path: bytes) -> str:
    """Return the format for a file's name: one of ``NAMES``, or ``whole``."""
    name = path.rpartition(b"/")[2].lower()
    if name.endswith((b".yaml", b".yml")):
        return "yaml"
    if name.endswith((b".json", b".jsonc", b".json5")):
        return "json"
    # .env, prod.env, .env.local, app.env.example, .env-local, .env_test, .envrc.private
    if name.endswith(b".env") or b".env." in name or name.startswith((b".env-", b".env_")):
        return "dotenv"
    if name in _DOTENV_NAMES or name.startswith(tuple(one + b"." for one in _DOTENV_NAMES)):
        return "dotenv"
    if name.endswith(b".toml"):
        return "toml"
    if name.endswith((b".ndjson", b".jsonl")):
        return "ndjson"
    if name.endswith((b".xml", b".config")):
        return "xml"
    for ending in ("properties", "ini", "tfvars"):
        if name.endswith(f".{ending}".encode()):
            return ending
    return "whole"


def load(name: str) -> Format | None:
    """Return the format *name*, or None for ``whole``; its module is imported on demand."""
    if name == "yaml":
        from sealedfiles.formats.yaml.format import YAML

        return YAML
    if name == "json":
        from sealedfiles.formats.json.format import JSON

        return JSON
    if name == "dotenv":
        from sealedfiles.formats.dotenv.format import DOTENV

        return DOTENV
    if name == "toml":
        from sealedfiles.formats.toml.format import TOML

        return TOML
    if name == "ndjson":
        from sealedfiles.formats.ndjson.format import NDJSON

        return NDJSON
    if name == "properties":
        from sealedfiles.formats.properties.format import PROPERTIES

        return PROPERTIES
    if name == "ini":
        from sealedfiles.formats.ini.format import INI

        return INI
    if name == "tfvars":
        from sealedfiles.formats.tfvars.format import TFVARS

        return TFVARS
    if name == "xml":
        from sealedfiles.formats.xml.format import XML

        return XML
    return None


def load_editor(name: str) -> Editor:
    """Return the editor for the format *name* (not ``whole``)."""
    if name == "yaml":
        from sealedfiles.formats.yaml.edit import YAML_EDITOR

        return YAML_EDITOR
    if name == "json":
        from sealedfiles.formats.json.edit import JSON_EDITOR

        return JSON_EDITOR
    if name == "toml":
        from sealedfiles.formats.toml.edit import TOML_EDITOR

        return TOML_EDITOR
    if name == "ndjson":
        from sealedfiles.formats.ndjson.edit import NDJSON_EDITOR

        return NDJSON_EDITOR
    if name == "properties":
        from sealedfiles.formats.properties.edit import PROPERTIES_EDITOR

        return PROPERTIES_EDITOR
    if name == "ini":
        from sealedfiles.formats.ini.edit import INI_EDITOR

        return INI_EDITOR
    if name == "tfvars":
        from sealedfiles.formats.tfvars.edit import TFVARS_EDITOR

        return TFVARS_EDITOR
    if name == "xml":
        from sealedfiles.formats.xml.edit import XML_EDITOR

        return XML_EDITOR
    from sealedfiles.formats.dotenv.edit import DOTENV_EDITOR

    return DOTENV_EDITOR
