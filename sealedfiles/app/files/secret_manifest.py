"""The manifest of a Secret of Kubernetes, for `cat --format k8s-secret`."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from sealedfiles.app.files.environment import Variable
from sealedfiles.app.files.export import to_yaml
from sealedfiles.errors import UsageError
from sealedfiles.formats.base import Data
from sealedfiles.model.paths import json_string

_KEY = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9_.-]{1,253}")
_OBJECT = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def to_secret(variables: Iterable[Variable], name: str, namespace: str = "") -> str:
    """Return a Secret with *variables* as YAML; without *namespace*, it has none.

    It has ``data`` in base64 and not ``stringData``, in which `kubectl apply` does not notice removed keys.
    Raises UsageError for a name that Kubernetes does not allow.
    """
    for one in filter(None, (name, namespace)):
        if not _OBJECT.fullmatch(one):
            raise UsageError(
                f"{json_string(one)} is not a valid name in Kubernetes",
                "use a-z, 0-9, - and .",
            )
    data: dict[str, Data] = {}
    for variable in variables:
        if not _KEY.fullmatch(variable.name):
            raise UsageError(
                f"{variable.place}: {json_string(variable.name)} is not a valid key of a Secret",
                "to leave it out, select the others with --only",
            )
        data[variable.name] = base64.b64encode(variable.value.encode()).decode()
    metadata: dict[str, Data] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    manifest: dict[str, Data] = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    return to_yaml({**manifest, "type": "Opaque", "data": data})
