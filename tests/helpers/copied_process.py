"""Commands that run in copies of one process, which has imported the libraries of metatune.

Arguments, folder, environment, streams, process and exit code are a command's own. Only its imports
are not repeated: they take two seconds of a processor, more than the commands of most tests. Tests
of how a process starts, or of what it imports, begin one themselves.
"""

import json
import os
import runpy
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from metatune.execution.numeric_threads import THREAD_VARIABLES

__all__ = ["copied_commands"]

_IMPORTED = (
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "metatune.api",
    "metatune.cli.fit_run",
    "metatune.data.task.make_task",
    "metatune.reporting.code.export",
    "metatune.reporting.page",
    "metatune.tuning.tune",
    "skops.io",
)
_PROGRAM = """\
#!{python} -ES
import json
import os
import socket
import sys

order = {{"words": [{name!r}, *sys.argv[1:]], "folder": os.getcwd(), "environ": dict(os.environ)}}
text = json.dumps(order).encode()
with socket.socket(socket.AF_UNIX) as caller:
    caller.connect({address!r})
    socket.send_fds(caller, [len(text).to_bytes(4, "big")], [0, 1, 2])
    caller.sendall(text)
    answer = caller.recv(1)
os._exit(answer[0] if answer else 70)
"""


@contextmanager
def copied_commands(folder: Path) -> Iterator[Path]:
    """Make two programs, each run of which is a copy of one process.

    Parameters
    ----------
    folder : Path
        Folder for the programs.

    Yields
    ------
    Path
        Folder of the programs ``metatune`` and ``python``, which takes a script and its arguments.
    """
    short = Path(tempfile.mkdtemp())  # some systems allow a socket no more than 100 characters
    address = str(short / "calls")
    for name in ("metatune", "python"):
        program = folder / name
        program.write_text(_PROGRAM.format(python=sys.executable, address=address, name=name))
        program.chmod(0o755)
    one_thread = dict.fromkeys(THREAD_VARIABLES, "1")  # as commands have, so that it can be copied
    server = subprocess.Popen(
        [sys.executable, __file__, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **one_thread, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == b"ready\n"
        yield folder
    finally:
        server.stdin.close()
        server.stdout.close()
        server.wait(timeout=10)
        shutil.rmtree(short)


def _serve(address: str) -> None:
    """Make a copy for every call, until nobody is left to call."""
    from metatune.execution.fork_server import import_all
    from metatune.execution.launcher import PRELOADED

    import_all(PRELOADED)
    for name in _IMPORTED:
        import_module(name)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([door, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            caller, _ = door.accept()
            if os.fork() == 0:
                _answer(caller)
            caller.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _answer(caller: socket.socket) -> NoReturn:
    """Run the command of a call, and tell its exit code."""
    header, streams, _, _ = socket.recv_fds(caller, 4, 3)
    with caller.makefile("rb") as text:
        order = json.loads(text.read(int.from_bytes(header, "big")))
    pid = os.fork()
    if pid == 0:
        _be(order, streams)
    _, status = os.waitpid(pid, 0)
    caller.sendall(bytes([os.waitstatus_to_exitcode(status) & 255]))
    os._exit(0)


def _be(order: dict[str, Any], streams: list[int]) -> NoReturn:
    """Be the process of a command."""
    from metatune.cli.process import run

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 64)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, "utf-8", "backslashreplace", closefd=False)
    program, *sys.argv[1:] = order["words"]
    if program == "metatune":
        run()
    _run_script(*sys.argv[1:])


def _run_script(script: str, *arguments: str) -> NoReturn:
    """Run a script as the interpreter does, and end."""
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    code = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:  # noqa: BLE001  # whatever it is, an interpreter shows it
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1])
