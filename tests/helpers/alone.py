"""Rows of a training table, read again in files of their own."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from metatune.cli.prediction_table import known_table, match_columns
from metatune.data.encoding.encoder import encode_task
from metatune.data.reading.known_table import read_like
from metatune.data.reading.options import DETECT, ReadingOptions
from metatune.data.reading.source import Table
from metatune.data.reading.table_reader import read_table
from metatune.data.reading.verbatim import Verbatim
from metatune.data.task.make_task import make_task
from metatune.data.task.task import Task
from metatune.storage.store import source_values


class Trained:
    """Encoder fitted on a text table, with what a model file would know of it."""

    def __init__(
        self,
        path: Path,
        text: str,
        target: str = "y",
        *,
        encoding: str = "utf-8",
        options: ReadingOptions = DETECT,
    ) -> None:
        path.write_bytes(text.encode(encoding))
        labels = Verbatim(has_target=True, target=target)
        table = read_table(path, options=options, wanted=[target], verbatim=labels)
        self.task: Task = make_task(table, target=target)
        self.encoder, encoded = encode_task(self.task, seed=0)
        self.X = encoded.X
        self.folder = path.parent
        self.pipeline = Pipeline([("table", self.encoder)])
        self.pipeline.metatune_info = {
            "target": self.task.target,
            "task": str(self.task.kind),
            "source": source_values(self.task),
        }

    def read(self, text: str, *, encoding: str = "utf-8", name: str = "new.csv") -> Table:
        path = self.folder / name
        path.write_bytes(text.encode(encoding))
        return read_like(path, known_table(self.pipeline))

    def frame(self, table: Table) -> pd.DataFrame:
        return match_columns(table, known_table(self.pipeline))[0]

    def encode(self, text: str, *, encoding: str = "utf-8") -> np.ndarray:
        return self.encoder.transform(self.frame(self.read(text, encoding=encoding)))
