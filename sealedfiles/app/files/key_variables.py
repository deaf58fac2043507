"""The environment variables that contain a key, or the place of one."""

from __future__ import annotations

import os

KEY_VARIABLES = (
    "SEALEDFILES_KEY",
    "SEALEDFILES_KEY_FILE",
    "SEALEDFILES_KEY_CMD",
    "SEALEDFILES_KMS",
    "SOPS_AGE_KEY",
    "SOPS_AGE_KEY_FILE",
    "SOPS_AGE_KEY_CMD",
)
"""Variables that ``run`` does not pass on, and that ``${NAME}`` does not resolve.

With a reference to one of these, anyone who can add a plaintext line to a .env file could expose the key
under another name.  A program that has the values does not need the key.
"""


def other_variables() -> dict[str, str]:
    """Return the environment of this process without these variables."""
    return {name: os.environ[name] for name in os.environ if name not in KEY_VARIABLES}
