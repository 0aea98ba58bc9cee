"""Hashes of whole files."""

import hashlib
from pathlib import Path

__all__ = ["file_hash"]

_CHUNK = 2**20


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
