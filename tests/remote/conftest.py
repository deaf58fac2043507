"""Fixtures of the tests of services."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sealedfiles.remote.aws_credentials import credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A user without any setting of AWS, on a machine that is not one of EC2."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "ACTIONS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    credentials.cache_clear()
    yield
    credentials.cache_clear()


@pytest.fixture
def aws(no_aws: None, moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the stand-in for AWS, with credentials for it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    return moto
