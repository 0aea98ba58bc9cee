"""Start a made-up OpenML server by hand, to try commands against it.

    PYTHONPATH=tests/helpers python -m openml_server --port 8090

Stop it with Ctrl-C.
"""

import argparse
import signal
from dataclasses import replace

from openml_server.made_up import make_world
from openml_server.server import OpenMLServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="openml_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="any free one by default")
    parser.add_argument("--tasks", type=int, default=8, help="of the suite 99; default 8")
    parser.add_argument("--runs", type=int, default=20, help="of a flow on a task; default 20")
    given = parser.parse_args()
    world = make_world(n_tasks=given.tasks, n_runs=given.runs)
    for number, dataset in tuple(world.datasets.items()):
        # Names that differ by a number alone stand for versions of one dataset. Every second one is
        # there as ARFF only.
        parquet = dataset.parquet if number % 2 == 0 else None
        world.add(replace(dataset, name=f"made-up-{number}-table", parquet=parquet))
    with OpenMLServer(world=world, port=given.port) as server:
        first = min(world.datasets)
        say(f"{server.url} has the suite 99 and openml:{first} to openml:{max(world.datasets)}")
        try:
            signal.pause()
        except KeyboardInterrupt:
            say(f"{len(server.requests)} requests")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # a command tells


if __name__ == "__main__":
    main()
