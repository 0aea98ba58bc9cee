"""Stand-in of the AutoML benchmark's module that its frameworks answer through."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil

ARRAYS = ("predictions", "truth", "probabilities")
COUNTS = ("models_count", "training_duration", "predict_duration")
NAMES = {*ARRAYS, *COUNTS, "output_file", "probabilities_labels"}


def result(**answer: Any) -> dict[str, Any]:
    """Collect an answer of which every part has a name that the benchmark knows."""
    assert set(answer) == NAMES
    return answer


def output_subdir(name: str, config: Any) -> str:
    """Make a folder for files to keep."""
    folder = Path(config.output_dir) / name
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def call_run(run: Callable[[Any, Any], dict[str, Any]]) -> None:
    """Run a framework on what standard input holds, and write its answer as JSON."""
    sent = json.load(sys.stdin, object_hook=lambda values: SimpleNamespace(**values))
    sent.config.framework_params = vars(sent.config.framework_params)
    answer = run(sent.dataset, sent.config)
    assert not psutil.Process().children()  # the benchmark ends them, and waits for it
    for name in ARRAYS:
        if answer[name] is not None:
            assert isinstance(answer[name], np.ndarray)
            assert answer[name].dtype != object  # would be pickled, for another version of numpy
            answer[name] = answer[name].tolist()
    Path(sent.config.result_file).write_text(json.dumps(answer), encoding="utf-8")
