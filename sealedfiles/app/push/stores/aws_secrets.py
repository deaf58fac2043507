"""AWS Secrets Manager: one secret with a JSON object, or one secret for each value.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator

from sealedfiles.app.push.stores import aws_tags
from sealedfiles.app.push.stores.base import (
    ChangedMeanwhileError,
    Remote,
    Store,
    Work,
    as_text,
    json_object,
    merged,
)
from sealedfiles.errors import RemoteError
from sealedfiles.light_typing import Any
from sealedfiles.model.targets import Target
from sealedfiles.remote.aws import Aws, AwsError

_LARGEST = 65536
"""Bytes of one secret."""
_NAME = re.compile(r"[A-Za-z0-9_.:/@+=-]{1,255}")
_NAME_RULE = "at most 255 of A-Z, a-z, 0-9 and / _ + = . @ : -"


def aws_secrets(target: Target) -> Store:
    """Return the store for one secret, or for one secret per value."""
    return JsonSecret(target) if target.as_json else Secrets(target)


class JsonSecret(Store):
    """One secret, whose text is a JSON object."""

    valid_name = _NAME  # names are recorded in tags, which allow no others
    name_rule = _NAME_RULE

    def __init__(self, target: Target) -> None:
        """Raises RemoteError for a region that cannot be one."""
        self._name = target.to.rest
        self._where = f"the secret {self._name}"
        self._aws = Aws("secretsmanager", target.to.first)

    def read(self) -> Remote:
        """See Store."""
        tags = _tags_of(self._aws, self._name)
        if tags is None:
            return Remote({}, state=None)
        found = _value_of(self._aws, self._name)
        data = json_object(found["SecretString"], self._where) if found else {}
        return Remote(
            {name: as_text(value) for name, value in data.items()},
            created=aws_tags.recorded(tags),
            state=(data, found.get("VersionId", ""), tags),
        )

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store.

        Secrets Manager has no check-and-set.  So the version is read again right before it is replaced.
        """
        state: tuple[dict[str, Any], str, dict[str, str]] = work.remote.state or ({}, "", {})
        data, version, tags = state
        text = merged(data, work)
        if len(text.encode()) > _LARGEST:
            raise RemoteError(
                f"{self._where} would be larger than {_LARGEST >> 10} KB: nothing was written"
            )
        if work.remote.state is None:
            names = aws_tags.with_names(work.created, work.commit)
            _create(self._aws, self._name, text, names)
        elif work.write or work.delete:
            if _value_of(self._aws, self._name).get("VersionId", "") != version:
                raise ChangedMeanwhileError(self._where)
            tags = self._record(tags, work.kept, work) if work.delete else tags
            _put(self._aws, self._name, text)
        for name in (*work.write, *work.delete):
            done(name)
        if work.remote.state is not None:
            self._record(tags, work.created, work)

    def _record(self, tags: dict[str, str], names: list[str], work: Work) -> dict[str, str]:
        """Write which names `push` created to the tags, and return these; before, they were *tags*."""
        new, gone = aws_tags.changed(tags, names, work.commit)
        _call(self._aws, "TagResource", self._name, Tags=aws_tags.tags(new))
        if gone:
            _call(self._aws, "UntagResource", self._name, TagKeys=gone)
        return new


class Secrets(Store):
    """A secret for each value: the target's name, a slash, and the name of the value."""

    valid_name = _NAME
    name_rule = _NAME_RULE
    largest = _LARGEST

    def __init__(self, target: Target) -> None:
        """Raises RemoteError for a region that cannot be one."""
        self._prefix = f"{target.to.rest}/"
        self._aws = Aws("secretsmanager", target.to.first)

    def read(self) -> Remote:
        """See Store."""
        values: dict[str, str | None] = {}
        created = set()
        for secret in self._list():
            name = secret["Name"].removeprefix(self._prefix)
            values[name] = _value_of(self._aws, secret["Name"]).get("SecretString")
            if aws_tags.CREATED in aws_tags.as_dict(secret.get("Tags")):
                created.add(name)
        return Remote(values, frozenset(created))

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store."""
        for name in work.write:
            path, value = self._prefix + name, work.values[name]
            tags = {aws_tags.COMMIT: work.commit}
            if name in work.remote.values:
                _put(self._aws, path, value)
                _call(self._aws, "TagResource", path, Tags=aws_tags.tags(tags))
            else:
                _create(self._aws, path, value, {**tags, aws_tags.CREATED: "true"})
            done(name)
        for name in work.delete:
            _call(self._aws, "DeleteSecret", self._prefix + name)
            done(name)

    def _list(self) -> Iterator[dict[str, Any]]:
        filters = [{"Key": "name", "Values": [self._prefix]}]
        for page in self._aws.pages("ListSecrets", {"Filters": filters}):
            for secret in page.get("SecretList") or ():
                name = secret["Name"]
                # Deeper ones may be those of another target: `app/prod` beside `app`.
                is_ours = name.startswith(self._prefix) and "/" not in name[len(self._prefix) :]
                if is_ours and not secret.get("DeletedDate"):
                    yield secret


def _call(aws: Aws, operation: str, name: str, **parameters: object) -> dict[str, Any]:
    return aws.call(operation, {"SecretId": name, **parameters})


def _tags_of(aws: Aws, name: str) -> dict[str, str] | None:
    """Return the tags of a secret; None if it does not exist."""
    try:
        found = _call(aws, "DescribeSecret", name)
    except AwsError as error:
        if error.kind == "ResourceNotFoundException":
            return None
        raise
    if found.get("DeletedDate"):
        raise RemoteError(
            f"the secret {name} is scheduled for deletion",
            f"to use it: aws secretsmanager restore-secret --secret-id {name}",
        )
    return aws_tags.as_dict(found.get("Tags"))


def _value_of(aws: Aws, name: str) -> dict[str, Any]:
    """Return the current value of a secret, and its version; empty if it has none."""
    try:
        found = _call(aws, "GetSecretValue", name)
    except AwsError as error:
        if error.kind == "ResourceNotFoundException":
            return {}
        raise
    if "SecretString" not in found:
        raise RemoteError(f"the secret {name} is not text")
    return found


def _put(aws: Aws, name: str, value: str) -> None:
    _call(aws, "PutSecretValue", name, SecretString=value, ClientRequestToken=str(uuid.uuid4()))


def _create(aws: Aws, name: str, value: str, tags: dict[str, str]) -> None:
    """Create a secret, or restore one that was deleted less than 30 days ago.

    Raises ChangedMeanwhileError if it exists.
    """
    given = {"SecretString": value, "ClientRequestToken": str(uuid.uuid4())}
    try:
        aws.call("CreateSecret", {"Name": name, **given, "Tags": aws_tags.tags(tags)})
    except AwsError as error:
        if error.kind not in ("InvalidRequestException", "ResourceExistsException"):
            raise
        if not _call(aws, "DescribeSecret", name).get("DeletedDate"):
            raise ChangedMeanwhileError(f"the secret {name}") from None
        _call(aws, "RestoreSecret", name)
        _call(aws, "TagResource", name, Tags=aws_tags.tags(tags))
        _put(aws, name, value)
