"""OpenML client, the only user of the `openml` package: requests, retries, errors, files.

Only what openml 0.15 and 0.16 share is used: its transport, which knows keys, proxies and retries,
and its download of datasets, which checks sums. Its list functions are not: that of evaluations
ends early where a run was judged by two engines, that of tasks fails on a task with one quality,
and their arguments differ between the versions.
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from metatune.budget import Pace
from metatune.errors import OpenMLError, OptionError
from metatune.files.locks import ProcessLock
from metatune.openml.connection import ConnectionSettings, limited_waiting, silence

__all__ = [
    "DEFAULT_SERVER",
    "ConnectionSettings",
    "OpenMLClient",
    "ServerRefusedError",
    "default_cache",
]

DEFAULT_SERVER = "https://www.openml.org/api/v1/xml"

_NO_RESULT = frozenset({372, 482, 500, 512, 542, 674})
"""Codes of listings that are empty."""

_OVERLOADED, _PRIVATE = 107, 112
_MENDS = {
    _OVERLOADED: "try again later",
    _PRIVATE: "give the key of an account that may see it (openml configure apikey)",
}
"""Remedies for refusals by their code; other codes mean a wrong id."""

_SKIP_PARQUET = "OPENML_SKIP_PARQUET"  # what the package looks for in the environment
_PARQUET_MARK = b"PAR1"  # at both ends of a file
_BROKEN_ANSWERS = 3  # times that an answer is asked for again because it is no XML
_USUAL = ConnectionSettings()
_EXTRA = "pip install 'metatune[openml]'"


class ServerRefusedError(OpenMLError):
    """Error code returned by the server.

    Attributes
    ----------
    code : int
        As the protocol numbers it; -1 where there was none.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class OpenMLClient:
    """Client of one OpenML server.

    Parameters
    ----------
    server : str
        Address of its REST interface, like ``https://www.openml.org/api/v1/xml``.
    cache : Path
        Folder for downloaded datasets; made if there is none. Processes that share it download one
        after the other.
    settings : ConnectionSettings
        Timeouts, retries and rate limit.

    Raises
    ------
    OptionError
        If the address is none.
    OpenMLError
        If the package `openml` is not installed.
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        cache: Path,
        settings: ConnectionSettings = _USUAL,
    ) -> None:
        if not server.startswith(("http://", "https://")):
            raise OptionError(
                f"{server!r} is no address of an OpenML server: use one like {DEFAULT_SERVER}"
            )
        self.server = server.rstrip("/")
        self._cache = cache
        self._settings = settings
        self._pace = Pace(settings.pause)
        self.n_requests = 0
        """Requests made so far, tries that failed not counted."""
        _openml()

    def get(self, path: str) -> str | None:
        """Request a resource below the server's address.

        Parameters
        ----------
        path : str
            Like ``study/99`` or ``flow/list/limit/1000/offset/0``.

        Returns
        -------
        str or None
            The XML; None for a listing that is empty.

        Raises
        ------
        ServerRefusedError
            If the server answers with an error code.
        OpenMLError
            If it cannot be reached, or answers with something else.
        """
        for _ in range(_BROKEN_ANSWERS):
            try:
                text = self._ask(path)
            except ServerRefusedError as refusal:
                if refusal.code in _NO_RESULT:
                    return None
                raise
            # The package tries again after an error page, but not after a torn answer.
            with contextlib.suppress(ElementTree.ParseError):
                ElementTree.fromstring(text)
                return text
        raise OpenMLError(f"{self.server}/{path} answers with broken XML: try again later")

    def dataset_file(self, dataset_id: int) -> Path:
        """Download a dataset, its check sum compared, or find it in the cache.

        Returns
        -------
        Path
            A Parquet file if the server has one and it arrives whole, else ARFF.

        Raises
        ------
        ServerRefusedError, OpenMLError
            If it cannot be had.
        """
        # The package takes a file that another process is still writing for a whole one.
        lock = self._hold_cache()
        try:
            return self._download(dataset_id)
        except _BrokenParquetError:
            with _without_parquet():
                return self._download(dataset_id)
        finally:
            lock.release()

    def _hold_cache(self) -> ProcessLock:
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            return ProcessLock.hold(self._cache)
        except OSError as error:
            raise self._no_cache(error) from error

    def _no_cache(self, error: OSError) -> OpenMLError:
        return OpenMLError(
            f"files of OpenML cannot be kept in {self._cache} ({error.strerror or error}): make "
            "room, or name another folder (OPENML_CACHE_DIR)"
        )

    def _download(self, dataset_id: int) -> Path:
        with self._session() as openml:
            dataset = openml.datasets.get_dataset(
                dataset_id,
                download_data=True,
                download_qualities=False,
                download_features_meta_data=False,
            )
        self.n_requests += 1
        name = dataset.parquet_file or dataset.data_file
        if name is None:
            raise OpenMLError(f"dataset {dataset_id} of {self.server} has no file: use another one")
        file = Path(name)
        if file == Path(dataset.parquet_file or "") and not _is_parquet(file):
            file.unlink()
            raise _BrokenParquetError(f"{file.name} of {self.server} is torn: try again later")
        return file

    def _ask(self, path: str) -> str:
        with self._session() as openml:
            self._pace.wait()
            text = openml._api_calls._perform_api_call(path, "get")
        self.n_requests += 1
        return str(text)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        """Configure the package for this client temporarily, and convert its errors to ours."""
        openml = _openml()
        import requests

        config = openml.config
        before = config.server, config.connection_n_retries, config.retry_policy
        root = config._root_cache_directory
        config.server = self.server
        config.set_retry_policy(self._settings.policy, self._settings.tries)
        config.set_root_cache_directory(self._cache)
        try:
            with limited_waiting(self._settings, self.server), silence():
                yield openml
        except openml.exceptions.OpenMLHashException as error:
            raise OpenMLError(
                f"{self.server}: a file does not have the announced check sum "
                f"({_short(error)}): report it there, or use another dataset"
            ) from error
        except openml.exceptions.OpenMLServerException as error:
            raise self._refusal(error, error.code) from error
        except openml.exceptions.OpenMLPrivateDatasetError as error:
            raise self._refusal(error, _PRIVATE) from error
        except openml.exceptions.PyOpenMLError as error:
            raise OpenMLError(f"{self.server}: {_short(error)}: try again later") from error
        except _bucket_errors() as error:
            raise _BrokenParquetError(
                f"{self.server}: a file broke off ({_short(error)}): try again later"
            ) from error
        except requests.exceptions.RequestException as error:
            raise OpenMLError(
                f"{self.server} cannot be reached ({type(error).__name__}): check the connection "
                "and the address (--openml-server)"
            ) from error
        except OSError as error:
            raise self._no_cache(error) from error
        except (KeyError, ExpatError) as error:  # what it raises for pages that are no answers
            raise OpenMLError(
                f"{self.server} answers with something else than OpenML's XML: check the address "
                "or try again later"
            ) from error
        finally:
            config.server, config.connection_n_retries, config.retry_policy = before
            config.set_root_cache_directory(root)

    def _refusal(self, error: Exception, code: int | None) -> ServerRefusedError:
        code = -1 if code is None else int(code)
        mend = _MENDS.get(code, "check the id")
        what = _short(error).removesuffix(" - None")  # where the server adds nothing
        return ServerRefusedError(f"{self.server} refuses: {what}: {mend}", code)


class _BrokenParquetError(OpenMLError):
    """Failed download of a Parquet file; the server has every dataset as ARFF too."""


def default_cache() -> Path:
    """Return the folder where the package `openml` keeps its files."""
    return Path(_openml().config._root_cache_directory)


def _openml() -> Any:
    try:
        import openml
    except ImportError as error:
        raise OpenMLError(f"OpenML needs the package openml: {_EXTRA}") from error
    # It warns of tries that fail.
    logging.getLogger("openml").setLevel(logging.ERROR)
    return openml


def _bucket_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of Parquet downloads that the package does not catch."""
    import minio
    import urllib3

    return minio.error.MinioException, urllib3.exceptions.HTTPError


def _is_parquet(file: Path) -> bool:
    """Return True if a file begins and ends as Parquet does: complete, and not a proxy's page."""
    with file.open("rb") as stream:
        head = stream.read(len(_PARQUET_MARK))
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - len(_PARQUET_MARK)))
        return head == stream.read() == _PARQUET_MARK


@contextlib.contextmanager
def _without_parquet() -> Iterator[None]:
    """Make the package use ARFF files temporarily."""
    before = os.environ.get(_SKIP_PARQUET)
    os.environ[_SKIP_PARQUET] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SKIP_PARQUET]
        else:
            os.environ[_SKIP_PARQUET] = before


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
