"""Who has access: granting, and revoking."""
