"""The one place that touches the `openml` package: requests, retries, errors, files.

Only what openml 0.15 and 0.16 share is used: its transport, which knows keys, proxies and retries,
and its download of datasets, which checks sums. Its list functions are not: that of evaluations
ends early where a run was judged by two engines, that of tasks fails on a task with one quality,
and their arguments differ between the versions.
"""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from metatune.budget import Pace
from metatune.errors import OpenMLError, OptionError

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

_BROKEN_ANSWERS = 3  # times that an answer is asked for again because it is no XML
_EXTRA = "pip install 'metatune[openml]'"


class ServerRefusedError(OpenMLError):
    """The server answered with an error code of its own.

    Attributes
    ----------
    code : int
        As the protocol numbers it; -1 where there was none.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """How patient a client is, and how polite.

    Attributes
    ----------
    policy : {"human", "robot"}
        How long to wait between tries: some seconds, or up to a minute.
    tries : int
        How often a request is made before it is given up.
    pause : float
        Seconds between the starts of two requests, at least.
    timeout : float
        Seconds without any answer after which a request counts as failed.
    """

    policy: str = "human"
    tries: int = 2
    pause: float = 0.0
    timeout: float = 60.0


class OpenMLClient:
    """Asks one server.

    Parameters
    ----------
    server : str
        Address of its REST interface, like ``https://www.openml.org/api/v1/xml``.
    cache : Path
        Folder for downloaded datasets; made if there is none. One process at a time may use it.
    settings : ConnectionSettings
        Patience and politeness.

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
        settings: ConnectionSettings = ConnectionSettings(),  # it is frozen
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
        """Ask for a resource below the server's address.

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
            A Parquet file if the server has one, else ARFF.

        Raises
        ------
        ServerRefusedError, OpenMLError
            If it cannot be had.
        """
        with self._session() as openml:
            dataset = openml.datasets.get_dataset(
                dataset_id,
                download_data=True,
                download_qualities=False,
                download_features_meta_data=False,
            )
        self.n_requests += 1
        file = dataset.parquet_file or dataset.data_file
        if file is None:
            raise OpenMLError(f"dataset {dataset_id} of {self.server} has no file")
        return Path(file)

    def _ask(self, path: str) -> str:
        with self._session() as openml:
            self._pace.wait()
            text = openml._api_calls._perform_api_call(path, "get")
        self.n_requests += 1
        return str(text)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        """Configure the package for this client for a moment, and turn its errors into ours."""
        openml = _openml()
        import requests

        config = openml.config
        before = config.server, config.connection_n_retries, config.retry_policy
        root = config._root_cache_directory
        self._cache.mkdir(parents=True, exist_ok=True)
        config.server = self.server
        config.set_retry_policy(self._settings.policy, self._settings.tries)
        config._root_cache_directory = self._cache
        try:
            with _limited_waiting(self._settings.timeout):
                yield openml
        except openml.exceptions.OpenMLHashException as error:
            raise OpenMLError(
                f"{self.server}: a file does not have the announced check sum "
                f"({_short(error)}): report it there, or use another dataset"
            ) from error
        except openml.exceptions.OpenMLServerException as error:
            code = -1 if error.code is None else int(error.code)
            raise ServerRefusedError(
                f"{self.server} refuses: {_short(error)}: check the id", code
            ) from error
        except openml.exceptions.PyOpenMLError as error:
            raise OpenMLError(f"{self.server}: {_short(error)}: try again later") from error
        except requests.exceptions.RequestException as error:
            raise OpenMLError(
                f"{self.server} cannot be reached ({type(error).__name__}): check the connection "
                "and the address (--openml-server)"
            ) from error
        except (KeyError, ExpatError) as error:  # what it raises for pages that are no answers
            raise OpenMLError(
                f"{self.server} answers with something else than OpenML's XML: check the address "
                "or try again later"
            ) from error
        finally:
            config.server, config.connection_n_retries, config.retry_policy = before
            config._root_cache_directory = root


def default_cache() -> Path:
    """Return the folder where the package `openml` keeps its files."""
    return Path(_openml().config._root_cache_directory)


def _openml() -> Any:
    try:
        import openml
    except ImportError as error:
        raise OpenMLError(f"OpenML needs the package openml: {_EXTRA}") from error
    # It warns of every answer that is not compressed, and of tries that fail.
    logging.getLogger("openml").setLevel(logging.ERROR)
    return openml


@contextlib.contextmanager
def _limited_waiting(seconds: float) -> Iterator[None]:
    """Give every request of this thread's moment a time limit: the package sets none.

    A server that accepts a connection and then says nothing would hold a run for ever.
    """
    import requests

    plain = requests.Session.request

    def request(self: Any, *args: Any, **options: Any) -> Any:
        if options.get("timeout") is None:
            options["timeout"] = seconds
        return plain(self, *args, **options)

    requests.Session.request = request  # type: ignore[method-assign]
    try:
        yield
    finally:
        requests.Session.request = plain  # type: ignore[method-assign]


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
