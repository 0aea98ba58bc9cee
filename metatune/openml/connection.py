"""Timeouts, retries and rate limit of the OpenML client."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metatune.errors import OpenMLError

__all__ = ["ConnectionSettings", "limited_waiting", "silence"]

_BUCKET_TRIES = 3  # at most, for the server has ARFF files as well


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """Timeouts, retries and rate limit of a client.

    Attributes
    ----------
    policy : {"human", "robot"}
        Wait between tries: some seconds, or up to a minute.
    tries : int
        Maximum number of tries of a request.
    pause : float
        Seconds between the starts of two requests, at least.
    timeout : float
        Seconds without any answer after which a request counts as failed.
    offline : bool
        Ask nothing: datasets come from the cache, or not at all.
    """

    policy: str = "human"
    tries: int = 2
    pause: float = 0.0
    timeout: float = 60.0
    offline: bool = False


@contextlib.contextmanager
def limited_waiting(settings: ConnectionSettings, server: str) -> Iterator[None]:
    """Limit the time and the tries of every request within, for the package sets no timeouts.

    A server that accepts a connection but never answers would block a run for ever. Parquet files
    come through another library than everything else, with its own timeouts.
    """
    import requests
    import urllib3

    plain, plain_open = requests.Session.request, urllib3.PoolManager.urlopen
    retry = urllib3.Retry(
        total=min(settings.tries, _BUCKET_TRIES) - 1,
        backoff_factor=0.2,
        status_forcelist=(500, 502, 503, 504),
    )

    def check() -> None:
        if settings.offline:
            raise OpenMLError(f"{server} is not asked offline: call it once with a connection")

    def request(self: Any, *args: Any, **options: Any) -> Any:
        check()
        if options.get("timeout") is None:
            options["timeout"] = settings.timeout
        return plain(self, *args, **options)

    def urlopen(self: Any, *args: Any, **options: Any) -> Any:
        check()
        given = {"timeout": settings.timeout, "retries": retry, **options}
        return plain_open(self, *args, **given)

    requests.Session.request = request  # type: ignore[method-assign]
    urllib3.PoolManager.urlopen = urlopen  # type: ignore[method-assign]
    try:
        yield
    finally:
        requests.Session.request = plain  # type: ignore[method-assign]
        urllib3.PoolManager.urlopen = plain_open  # type: ignore[method-assign]


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep the package's messages on every request from the root logger.

    The first message would set that logger up, for the whole process, to write to standard error.
    """
    root, nowhere = logging.getLogger(), logging.NullHandler()

    def not_of_requests(record: logging.LogRecord) -> bool:
        return record.module != "_api_calls"

    root.addHandler(nowhere)
    root.addFilter(not_of_requests)
    try:
        yield
    finally:
        root.removeFilter(not_of_requests)
        root.removeHandler(nowhere)
