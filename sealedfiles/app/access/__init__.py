"""Change access: grant it, revoke it, and confirm changed public keys."""
