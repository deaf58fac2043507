"""Search for plaintext copies of the values that this clone can decrypt."""
