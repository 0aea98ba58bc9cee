"""Page store: a persistent cache of a server's answers, robust against kills.

The folder holds one compressed file for each answer and a manifest, one line of JSON each: server,
path, file, time, rows, sha256. A line is written when its file is complete, so a torn last line or
a file without a line costs one more request and nothing else.
"""

import contextlib
import gzip
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metatune.budget import utc_now
from metatune.errors import OpenMLError
from metatune.files.atomic import replacing
from metatune.openml.client import OpenMLClient, ServerRefusedError
from metatune.openml.payloads import count_rows

__all__ = ["MANIFEST", "PageStore"]

MANIFEST = "manifest.jsonl"

_PASSING = frozenset({107})
"""Codes of transient errors: the database is overloaded."""


class PageStore:
    """Client with a persistent cache.

    Parameters
    ----------
    folder : Path
        Folder of the cache; made if there is none.
    client : OpenMLClient or None
        Client for answers that are not cached; None works offline.
    server : str
        Address that the answers come from.
    on_request : callable, optional
        Called with the path before each request.

    Raises
    ------
    OpenMLError
        If the folder holds answers of another server.
    """

    def __init__(
        self,
        folder: Path,
        client: OpenMLClient | None,
        *,
        server: str,
        on_request: Callable[[str], None] | None = None,
    ) -> None:
        self._folder = folder
        self._client = client
        self._server = server
        self._on_request = on_request
        folder.mkdir(parents=True, exist_ok=True)
        self._known = self._read_manifest()

    def get(self, path: str) -> str | None:
        """Return the answer to a path: the cached one, else the server's.

        Returns
        -------
        str or None
            XML; None for an empty listing.

        Raises
        ------
        ServerRefusedError
            If the server answers, or once answered, with an error code.
        OpenMLError
            If it cannot be reached, or nothing is kept and there is no client.
        """
        entry = self._known.get(path)
        if entry is not None:
            if entry["code"] is not None:
                raise ServerRefusedError(entry["error"], entry["code"])
            if not entry["file"]:
                return None
            text = self._read(entry)
            if text is not None:
                return text
        return self._ask(path)

    def knows(self, path: str) -> bool:
        """Return True if an answer or an error code is cached."""
        return path in self._known

    def _ask(self, path: str) -> str | None:
        if self._client is None:
            raise OpenMLError(
                f"{self._folder} does not hold {path}: harvest with a connection first"
            )
        if self._on_request is not None:
            self._on_request(path)
        try:
            text = self._client.get(path)
        except ServerRefusedError as refusal:
            # What does not exist will not exist in a moment; an overloaded server will recover.
            if refusal.code > 0 and refusal.code not in _PASSING:
                self._note(path, None, code=refusal.code, error=str(refusal))
            raise
        self._note(path, text)
        return text

    def _note(
        self, path: str, text: str | None, *, code: int | None = None, error: str = ""
    ) -> None:
        name, digest = "", ""
        if text is not None:
            content = text.encode()
            digest = hashlib.sha256(content).hexdigest()
            name = hashlib.sha256(path.encode()).hexdigest()[:20] + ".xml.gz"
            with replacing(self._folder / name) as part:
                part.write_bytes(gzip.compress(content, mtime=0))
        entry = {
            "server": self._server,
            "path": path,
            "file": name,
            "time": utc_now(),
            "rows": 0 if text is None else count_rows(text),
            "sha256": digest,
            "code": code,
            "error": error,
        }
        line = (json.dumps(entry, ensure_ascii=False) + "\n").encode()
        with (self._folder / MANIFEST).open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._known[path] = entry

    def _read(self, entry: dict[str, Any]) -> str | None:
        """Return a cached answer; None if its file is missing or damaged."""
        with contextlib.suppress(OSError, EOFError):
            content = gzip.decompress((self._folder / entry["file"]).read_bytes())
            if hashlib.sha256(content).hexdigest() == entry["sha256"]:
                return content.decode()
        return None

    def _read_manifest(self) -> dict[str, dict[str, Any]]:
        path = self._folder / MANIFEST
        if not path.exists():
            return {}
        content = path.read_bytes()
        finished = content.rfind(b"\n") + 1
        if finished < len(content):  # a killed process left it unfinished
            with path.open("r+b") as file:
                file.truncate(finished)
        known: dict[str, dict[str, Any]] = {}
        for line in content[:finished].splitlines():
            entry = json.loads(line)
            if entry["server"] != self._server:
                raise OpenMLError(
                    f"{self._folder} holds answers of {entry['server']}, not of {self._server}: "
                    "name another folder"
                )
            known[entry["path"]] = entry
        return known
