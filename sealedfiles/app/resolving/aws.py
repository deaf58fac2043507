"""Secrets of AWS: Secrets Manager, and parameters of Systems Manager."""

from __future__ import annotations

from sealedfiles.app.resolving.secret import Secret
from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.remote.aws import Aws, AwsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_MISSING = {"ResourceNotFoundException", "ParameterNotFound"}


def read_secret(steps: Sequence[str]) -> Secret:
    """Return a secret of Secrets Manager.  Raises RemoteError."""
    region, *names = steps
    answer = _call(Aws("secretsmanager", region), "GetSecretValue", SecretId="/".join(names))
    text = answer.get("SecretString")
    if text is None:
        raise RemoteError("the secret in the store is binary, not a text")
    return Secret(str(text))


def read_parameter(steps: Sequence[str]) -> Secret:
    """Return a parameter of Systems Manager, decrypted.  Raises RemoteError."""
    region, *names = steps
    # The name of a parameter in a hierarchy begins with a slash.
    name = "/".join(names if len(names) == 1 or not names[0] else ["", *names])
    answer = _call(Aws("ssm", region), "GetParameter", Name=name, WithDecryption=True)
    return Secret(str(answer["Parameter"]["Value"]))


def _call(service: Aws, operation: str, **parameters: object) -> dict[str, Any]:
    try:
        return service.call(operation, parameters)
    except AwsError as error:
        if error.kind in _MISSING:
            raise RemoteError("there is no such secret in the store") from None
        raise
