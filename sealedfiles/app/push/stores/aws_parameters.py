"""AWS Systems Manager Parameter Store: one parameter for each value, or one with a JSON object.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

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
from sealedfiles.errors import UsageError
from sealedfiles.light_typing import Any
from sealedfiles.model.targets import Target
from sealedfiles.remote.aws import Aws, AwsError

_LARGEST = 4096
"""Bytes of a standard parameter.  Larger ones cost money, so `push` does not create them."""


def aws_parameters(target: Target) -> Store:
    """Return the store for one parameter per value, or for one parameter."""
    return JsonParameter(target) if target.as_json else Parameters(target)


class Parameters(Store):
    """A parameter for each value below the target's path."""

    valid_name = re.compile(r"[A-Za-z0-9_.-]+")
    name_rule = "of A-Z, a-z, 0-9 and . _ -"
    largest = _LARGEST

    def __init__(self, target: Target) -> None:
        """Raises RemoteError for a region that cannot be one."""
        self._path = f"/{target.to.rest}"
        self._aws = Aws("ssm", target.to.first)

    def read(self) -> Remote:
        """See Store."""
        values: dict[str, str | None] = {}
        values_by_path = {"Path": self._path, "WithDecryption": True}
        for found in self._list("GetParametersByPath", values_by_path):
            values[self._name_of(found)] = found["Value"]
        filters = [
            {"Key": "Path", "Option": "OneLevel", "Values": [self._path]},
            {"Key": f"tag:{aws_tags.CREATED}", "Option": "Equals", "Values": ["true"]},
        ]
        tagged = self._list("DescribeParameters", {"ParameterFilters": filters})
        return Remote(values, frozenset(map(self._name_of, tagged)) & values.keys())

    def check(self, values: Mapping[str, str]) -> None:
        """See Store."""
        super().check(values)
        _refuse_empty(values)

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store."""
        for name in work.write:
            is_new = name not in work.remote.values
            tags = {aws_tags.COMMIT: work.commit, **({aws_tags.CREATED: "true"} if is_new else {})}
            _put(self._aws, f"{self._path}/{name}", work.values[name], tags, is_new=is_new)
            done(name)
        for name in work.delete:
            self._aws.call("DeleteParameter", {"Name": f"{self._path}/{name}"})
            done(name)

    def _name_of(self, found: dict[str, Any]) -> str:
        return str(found["Name"]).removeprefix(f"{self._path}/")

    def _list(self, operation: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for page in self._aws.pages(operation, parameters):
            yield from page.get("Parameters") or ()


class JsonParameter(Store):
    """One parameter, whose text is a JSON object."""

    valid_name = re.compile(r"[A-Za-z0-9_.:/@+=-]+")
    name_rule = "of A-Z, a-z, 0-9 and / _ + = . @ : -"

    def __init__(self, target: Target) -> None:
        """Raises RemoteError for a region that cannot be one."""
        self._name = f"/{target.to.rest}"
        self._aws = Aws("ssm", target.to.first)

    def read(self) -> Remote:
        """See Store."""
        try:
            found = self._aws.call("GetParameter", {"Name": self._name, "WithDecryption": True})
        except AwsError as error:
            if error.kind == "ParameterNotFound":
                return Remote({}, state=({}, 0, {}))
            raise
        data = json_object(found["Parameter"]["Value"], f"the parameter {self._name}")
        tags = _tags_of(self._aws, self._name)
        return Remote(
            {name: as_text(value) for name, value in data.items()},
            created=aws_tags.recorded(tags),
            state=(data, found["Parameter"]["Version"], tags),
        )

    def apply(self, work: Work, done: Callable[[str], None]) -> None:
        """See Store."""
        data, version, tags = work.remote.state
        text = merged(data, work)
        if len(text.encode()) > _LARGEST:
            raise UsageError(
                f"the values as JSON are larger than {_LARGEST} bytes, the limit of a parameter",
                "write one parameter for each value: as: keys",
            )
        if version and self.read().state[1] != version:
            raise ChangedMeanwhileError(f"the parameter {self._name}")
        tags = self._record(tags, work.kept, work) if work.delete else tags
        if work.write or work.delete:
            names = aws_tags.with_names(work.created, work.commit)
            _put(self._aws, self._name, text, names, is_new=not version)
        for name in (*work.write, *work.delete):
            done(name)
        self._record(tags, work.created, work)

    def _record(self, tags: dict[str, str], names: list[str], work: Work) -> dict[str, str]:
        """Write which names `push` created to the tags, and return these; before, they were *tags*."""
        new, gone = aws_tags.changed(tags, names, work.commit)
        _add_tags(self._aws, self._name, new)
        if gone:
            parameters = {"ResourceType": "Parameter", "ResourceId": self._name, "TagKeys": gone}
            self._aws.call("RemoveTagsFromResource", parameters)
        return new


def _tags_of(aws: Aws, name: str) -> dict[str, str]:
    answer = aws.call("ListTagsForResource", {"ResourceType": "Parameter", "ResourceId": name})
    return aws_tags.as_dict(answer.get("TagList"))


def _put(aws: Aws, name: str, value: str, tags: dict[str, str], *, is_new: bool) -> None:
    """Write a parameter.  Raises ChangedMeanwhileError if it is not new although it should be."""
    parameters = {"Name": name, "Value": value, "Type": "SecureString", "Overwrite": not is_new}
    if is_new:
        try:
            aws.call("PutParameter", {**parameters, "Tags": aws_tags.tags(tags)})
        except AwsError as error:
            if error.kind == "ParameterAlreadyExists":
                raise ChangedMeanwhileError(f"the parameter {name}") from None
            raise
        return
    aws.call("PutParameter", parameters)
    _add_tags(aws, name, tags)


def _add_tags(aws: Aws, name: str, tags: dict[str, str]) -> None:
    aws.call(
        "AddTagsToResource",
        {"ResourceType": "Parameter", "ResourceId": name, "Tags": aws_tags.tags(tags)},
    )


def _refuse_empty(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if not value:
            raise UsageError(
                f"the value of {name} is empty, which this store does not allow",
                "leave it out: keys in the target",
            )
