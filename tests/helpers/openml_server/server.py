"""An OpenML server on loopback: version 1 of its REST interface, XML, reading only.

It follows the public protocol as far as suites, tasks, datasets, evaluations, setups and flows go,
with its limits and error codes, and misbehaves on request.
"""

import contextlib
import gzip
import hashlib
import random
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from openml_server.render import Renderer, error
from openml_server.world import Evaluation, World

__all__ = ["Fault", "OpenMLServer", "RefusalError"]

_API = "/api/v1/xml/"
_MAX_EVALUATIONS = 10_000
_MAX_SETUPS = 1_000
_EMPTY = {"data": 372, "task": 482, "flow": 500, "run": 512, "evaluation": 542, "setup": 674}
_FILTERS = {
    "evaluation": "task setup flow uploader run tag limit offset function per_fold "
    "sort_order study",
    "task": "type tag data_tag status limit offset task_id data_id data_name number_instances "
    "number_features number_classes number_missing_values",
    "data": "tag status limit offset data_id data_name data_version uploader",
    "setup": "flow setup limit offset tag",
    "flow": "uploader tag limit offset",
    "study": "main_entity_type status limit offset",
    "user": "user_id limit offset",
}
_UNKNOWN_FILTER = {"evaluation": 544, "task": 480, "data": 370, "setup": 671, "flow": 501}


class RefusalError(Exception):
    """An error of the protocol: status 412 and a code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(kw_only=True)
class Fault:
    """A misbehaviour: the next `times` requests whose path matches `pattern` suffer from it.

    `kind` is one of: ``overloaded`` (code 107), ``truncated`` (half of a body), ``broken_xml``
    (status 200 and XML without an end), ``html_404`` and ``html_502`` (a page), ``forbidden`` (the
    bucket of files refuses), ``nothing`` (all is well), ``drop`` (the connection ends without an
    answer), ``slow`` (`seconds` of waiting), ``refuse`` (code `code`), ``wrong_bytes`` (another
    file).
    """

    pattern: str
    kind: str
    times: float = 1
    seconds: float = 0.0
    code: int = 107

    def takes(self, path: str) -> bool:
        """Return True if this request suffers; count it."""
        if self.times <= 0 or not re.search(self.pattern, path):
            return False
        self.times -= 1
        return True


@dataclass(kw_only=True)
class OpenMLServer:
    """Serves a world while its context is open.

    Attributes
    ----------
    world : World
        May be changed while the server runs.
    faults : list of Fault
        Misbehaviours; the first that matches a request wins.
    shuffle : bool
        Listings come in another order with every request, as they may.
    requests : list of str
        Paths asked for so far, without the common prefix.
    port : int
        Where to listen; any free port by default.
    """

    world: World
    faults: list[Fault] = field(default_factory=list)
    shuffle: bool = False
    requests: list[str] = field(default_factory=list)
    on_request: Callable[[str], None] | None = None
    port: int = 0

    def __enter__(self) -> Self:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answer(self)

            def do_HEAD(self) -> None:
                answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._rng = random.Random(0)
        self._lock = threading.Lock()
        self._indexed: list[Evaluation] | None = None
        self._n_indexed = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._http.daemon_threads = True
        self.host = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address that a client is configured with."""
        return self.host + _API.rstrip("/")

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = re.sub("/+", "/", unquote(urlsplit(handler.path).path))
        short = path.removeprefix(_API)
        with self._lock:
            self.requests.append(short)
            fault = next((f for f in self.faults if f.takes(short)), None)
        if self.on_request is not None:
            self.on_request(short)
        kind = "" if fault is None else fault.kind
        if fault is not None and kind == "slow":
            time.sleep(fault.seconds)
        if kind == "drop":
            handler.close_connection = True
            handler.connection.close()
            return
        if kind.startswith("html_"):
            status = int(kind.removeprefix("html_"))
            _send(handler, status, b"<!DOCTYPE html><html><p>not here", "text/html")
            return
        if kind == "forbidden":
            denied = b"<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>"
            _send(handler, 403, denied, "application/xml")
            return
        if fault is not None and kind in ("overloaded", "refuse"):
            body = error(fault.code, "Database overloaded" if fault.code == 107 else "refused")
            _send(handler, 412, body.encode(), "text/xml")
            return
        try:
            if not path.startswith(_API):
                self._send_file(handler, path, kind)
                return
            answer = self._resource(short).encode()
        except RefusalError as refusal:
            _send(handler, 412, error(refusal.code, str(refusal)).encode(), "text/xml")
            return
        if kind == "broken_xml":
            answer = answer[: len(answer) // 2]
        _send(handler, 200, answer, "text/xml; charset=utf-8", torn=kind == "truncated")

    def _send_file(self, handler: BaseHTTPRequestHandler, path: str, kind: str) -> None:
        arff = re.fullmatch(r"/data/v1/download/(\d+)/.*", path)
        parquet = re.fullmatch(r"/datasets/\d{4}/\d{4,}/dataset_(\d+)\.pq", path)
        content: bytes | None = None
        if arff:
            content = self.world.datasets[int(arff[1])].arff
        elif parquet:
            content = self.world.datasets[int(parquet[1])].parquet
        if content is None:
            missing = (
                "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>"
                f"<Key>{path}</Key></Error>"
            )
            _send(handler, 404, missing.encode(), "application/xml")
            return
        if kind == "wrong_bytes":
            content = b"% other\n" + content[:-4]
        extra = {
            "ETag": f'"{hashlib.md5(content).hexdigest()}"',
            "Last-Modified": "Tue, 09 Jan 2024 18:02:58 GMT",
        }
        mime = "text/plain" if arff else "application/octet-stream"
        _send(handler, 200, content, mime, extra=extra, torn=kind == "truncated")

    def _resource(self, path: str) -> str:
        render = Renderer(self.world, self.host)
        parts = path.strip("/").split("/")
        if parts[:2] == ["estimationprocedure", "list"]:
            return render.procedures(self.world.procedures)
        if parts[:2] == ["evaluationmeasure", "list"]:
            return render.measures(sorted({e.function for e in self.world.evaluations} | {"kappa"}))
        if parts[:3] == ["evaluation", "setup", "list"]:
            return self._evaluations(_filters("evaluation", parts[3:]), setups=True)
        if len(parts) > 1 and parts[1] == "list" and parts[0] in _FILTERS:
            return self._listing(parts[0], _filters(parts[0], parts[2:]))
        return self._single(render, parts)

    def _listing(self, kind: str, given: dict[str, str]) -> str:
        render, world = Renderer(self.world, self.host), self.world
        if kind == "study":
            return render.suites(_page(world.suites.values(), given, 0))
        if kind == "user":
            wanted = _numbers(given, "user_id")
            return render.users({i: n for i, n in world.users.items() if i in wanted})
        listings = {
            "evaluation": lambda: self._evaluations(given, setups=False),
            "task": lambda: render.tasks(self._some(self._tasks(given), given, kind)),
            "data": lambda: render.datasets(self._some(self._datasets(given), given, kind)),
            "flow": lambda: render.flows(self._some(self._flows(given), given, kind)),
            "setup": lambda: render.setups(self._some(self._setups(given), given, kind)),
        }
        return listings[kind]()

    def _some(self, things: Iterable[Any], given: dict[str, str], kind: str) -> list[Any]:
        return _page(self._mixed(things), given, _EMPTY[kind])

    def _tasks(self, given: dict[str, str]) -> list[Any]:
        status = given.get("status", "active")
        return [
            t
            for t in self.world.tasks.values()
            if _has(given, "type", t.type)
            and _has(given, "task_id", t.id)
            and _has(given, "data_id", t.dataset)
            and status in ("all", self.world.datasets[t.dataset].status)
        ]

    def _datasets(self, given: dict[str, str]) -> list[Any]:
        status = given.get("status", "active")
        return [
            d
            for d in self.world.datasets.values()
            if _has(given, "data_id", d.id) and status in ("all", d.status)
        ]

    def _flows(self, given: dict[str, str]) -> list[Any]:
        return [f for f in self.world.flows.values() if _has(given, "uploader", f.uploader)]

    def _setups(self, given: dict[str, str]) -> list[Any]:
        if int(given.get("limit", 0)) > _MAX_SETUPS:
            raise RefusalError(676, "Requested result limit too high.")
        setups = [
            s
            for s in self.world.setups.values()
            if _has(given, "setup", s.id) and _has(given, "flow", s.flow)
        ]
        if "limit" not in given and len(setups) > _MAX_SETUPS:
            raise RefusalError(673, "Result set too large.")
        return setups

    def _evaluations(self, given: dict[str, str], *, setups: bool) -> str:
        world = self.world
        limit = int(given.get("limit", 0))
        if limit > _MAX_EVALUATIONS:
            raise RefusalError(546, "Requested result limit too high. ")
        if "offset" in given and not limit:
            raise RefusalError(545, "Offset without limit.")
        found = [
            e
            for e in self._of_tasks(given)
            if e.function == given.get("function", e.function)
            and _has(given, "task", e.task)
            and _has(given, "setup", e.setup)
            and _has(given, "run", e.run)
            and _has(given, "uploader", e.uploader)
            and _has(given, "flow", world.setups[e.setup].flow)
        ]
        runs = {e.run for e in found}
        if not limit and len(runs) > _MAX_EVALUATIONS:
            raise RefusalError(543, "Too many runs without a limit.")
        per_fold = given.get("per_fold") == "true"
        if per_fold and len(runs) > _MAX_EVALUATIONS:
            raise RefusalError(548, "Too many runs with per_fold.")
        order = given.get("sort_order")
        if order:
            found.sort(key=_value, reverse=order == "desc")
        else:
            found = self._mixed(found)
        page = _page(found, given, _EMPTY["evaluation"])
        render = Renderer(world, self.host)
        return render.evaluations(page, setups=setups, per_fold=per_fold)

    def _of_tasks(self, given: dict[str, str]) -> list[Evaluation]:
        """Return the evaluations of the tasks asked for; looking through all takes long."""
        everything = self.world.evaluations
        if "task" not in given:
            return everything
        with self._lock:
            if self._indexed is not everything or self._n_indexed != len(everything):
                self._by_task: dict[int, list[Evaluation]] = {}
                for evaluation in everything:
                    self._by_task.setdefault(evaluation.task, []).append(evaluation)
                self._indexed, self._n_indexed = everything, len(everything)
        return [e for task in sorted(_numbers(given, "task")) for e in self._by_task.get(task, ())]

    def _single(self, render: Renderer, parts: list[str]) -> str:
        *kind, number = parts
        if kind == ["study"]:
            suite = self.world.suite(number)
            if suite is None:
                raise RefusalError(601, "Unknown study")
            return render.suite(suite)
        single: dict[str, tuple[str, int, Callable[[Any], str]]] = {
            "task": ("tasks", 151, render.task),
            "flow": ("flows", 181, render.flow),
            "setup": ("setups", 281, render.setup),
        }
        if len(kind) == 1 and kind[0] in single and number.isdigit():
            shelf, code, write = single[kind[0]]
            return write(_known(getattr(self.world, shelf), number, code, f"Unknown {kind[0]}"))
        if kind[:1] == ["data"]:
            return self._about_dataset(render, kind[1:], number)
        raise RefusalError(100, "Function not found")

    def _about_dataset(self, render: Renderer, kind: list[str], number: str) -> str:
        if (kind, number) == (["qualities"], "list"):
            names = {n for d in self.world.datasets.values() for n in d.qualities or ()}
            return render.quality_names(sorted(names))
        if not kind:
            return render.dataset(self._dataset(number, 111))
        if kind == ["features"]:
            dataset = self._dataset(number, 271)
            if not dataset.features:
                raise RefusalError(272, "No features found. Additionally, dataset processed.")
            return render.features(dataset)
        dataset = self._dataset(number, 361)
        if dataset.qualities is None:
            raise RefusalError(362, "No qualities found")
        return render.qualities(dataset)

    def _dataset(self, number: str, code: int) -> Any:
        dataset = _known(self.world.datasets, number, code, "Unknown dataset")
        if dataset.visibility == "private":
            raise RefusalError(112, "No access granted")
        return dataset

    def _mixed(self, things: Iterable[Any]) -> list[Any]:
        listed = list(things)
        if self.shuffle:
            self._rng.shuffle(listed)
        return listed


def _filters(kind: str, parts: list[str]) -> dict[str, str]:
    if len(parts) % 2:
        raise RefusalError(100, "Function not found")
    given = dict(zip(parts[::2], parts[1::2], strict=True))
    for name in given:
        if name not in _FILTERS[kind].split():
            raise RefusalError(_UNKNOWN_FILTER.get(kind, 100), f"Unknown filter {name}")
    for name in ("limit", "offset"):
        if name in given and not given[name].isdigit():
            raise RefusalError(541, f"Illegal value of filter {name}")
    return given


def _numbers(given: dict[str, str], name: str) -> set[int]:
    return {int(text) for text in given[name].split(",")}


def _has(given: dict[str, str], name: str, value: int) -> bool:
    return name not in given or value in _numbers(given, name)


def _page(things: Iterable[Any], given: dict[str, str], empty: int) -> list[Any]:
    listed = list(things)
    start = int(given.get("offset", 0))
    page = listed[start : start + int(given["limit"])] if "limit" in given else listed[start:]
    if not page and empty:
        raise RefusalError(empty, "No results")
    return page


def _known(shelf: dict[int, Any], number: str, code: int, message: str) -> Any:
    if int(number) not in shelf:
        raise RefusalError(code, message)
    return shelf[int(number)]


def _value(evaluation: Evaluation) -> float:
    return float("-inf") if evaluation.value is None else evaluation.value


def _send(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    mime: str,
    *,
    extra: dict[str, str] | None = None,
    torn: bool = False,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", mime)
    xml = mime.startswith("text/xml")
    if xml and "gzip" in handler.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, mtime=0)
        handler.send_header("Content-Encoding", "gzip")
    for name, value in (extra or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command == "HEAD":
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # nobody waits any longer
        handler.wfile.write(body[: len(body) // 2] if torn else body)
    if torn:
        handler.wfile.flush()
        handler.close_connection = True
        handler.connection.close()
