"""Tests of sealedfiles.keys."""
