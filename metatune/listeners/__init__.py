"""Listeners of a run: its state in words, several as one, and trackers of experiments.

A listener is a subclass of `Events`; estimators take some as ``callbacks=``.
"""

from metatune.listeners.mlflow_tracker import MLflowTracker
from metatune.listeners.tensorboard_tracker import TensorBoardTracker
from metatune.listeners.tracker import Tracker
from metatune.listeners.wandb_tracker import WandbTracker
from metatune.tuning.events import Events, RunFacts, Step

__all__ = [
    "Events",
    "MLflowTracker",
    "RunFacts",
    "Step",
    "TensorBoardTracker",
    "Tracker",
    "WandbTracker",
]
