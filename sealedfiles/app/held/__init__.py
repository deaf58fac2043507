"""The values that this clone can decrypt, to search for plaintext copies of them."""
