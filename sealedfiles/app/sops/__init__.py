"""The file format of SOPS (https://getsops.io): to read it, and to write it."""
