"""The environment variables that hold a key, or lead to one."""

KEY_VARIABLES = (
    "SEALEDFILES_KEY",
    "SEALEDFILES_KEY_FILE",
    "SEALEDFILES_KEY_CMD",
    "SOPS_AGE_KEY",
    "SOPS_AGE_KEY_FILE",
    "SOPS_AGE_KEY_CMD",
)
"""The variables that contain a key, or lead to one.

Anyone who can write a line in plaintext into a .env file could pass the key on under another name, and nobody
who has the values needs them.
"""
