"""The environment variables that hold a key, or lead to one."""

KEY_VARIABLES = (
    "SEALEDFILES_KEY",
    "SEALEDFILES_KEY_FILE",
    "SEALEDFILES_KEY_CMD",
    "SOPS_AGE_KEY",
    "SOPS_AGE_KEY_FILE",
    "SOPS_AGE_KEY_CMD",
)
"""The variables that are a key, or lead to one.

Whoever can write a plain line into a .env file could hand the key on under another name; and nobody needs
them who has the values.
"""
