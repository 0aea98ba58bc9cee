"""Front of a run as its record keeps it."""

from dataclasses import dataclass

from metatune.search.front import Front
from metatune.space import Configuration

__all__ = ["FrontPoint", "FrontRecord", "front_record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint:
    """Trial of a front: its configuration, and its values in the order of the objectives."""

    trial: int
    algorithm: str
    configuration: str
    values: tuple[float, ...]
    is_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontRecord:
    """Front of a run with several objectives.

    Attributes
    ----------
    objectives : tuple of str
        The metric, then costs.
    prefer : str or None
        Objective whose best point was chosen; None for the knee.
    points : tuple of FrontPoint
        Trials that no other one beats in everything, the best score first.
    n_compared : int
        Trials that were compared.
    chosen : int or None
        Trial at the knee, or the best in what is preferred; limits on the model may have led to
        another one.
    """

    objectives: tuple[str, ...]
    prefer: str | None
    points: tuple[FrontPoint, ...]
    n_compared: int
    chosen: int | None = None

    @property
    def choice(self) -> str:
        """Description of the point that is the model; empty if none is."""
        models = [point.trial for point in self.points if point.is_model]
        if not models:
            return ""
        if self.chosen not in models:
            return "one of them, within the limits"
        return "the knee" if self.prefer is None else f"the best in {self.prefer}"


def front_record(front: Front, model: Configuration | None) -> FrontRecord:
    """Return the plain values of a front.

    Parameters
    ----------
    front : Front
        Front of a run.
    model : Configuration or None
        Configuration of the run's model, if there is one.
    """
    costs = front.objectives.costs
    return FrontRecord(
        objectives=front.objectives.names,
        prefer=front.objectives.prefer,
        n_compared=len(front.candidates),
        chosen=None if front.chosen is None else front.chosen.trial.number,
        points=tuple(
            FrontPoint(
                trial=result.trial.number,
                algorithm=result.trial.configuration.algorithm,
                configuration=str(result.trial.configuration),
                values=(result.score, *(float(getattr(result, name)) for name in costs)),
                is_model=result.trial.configuration == model,
            )
            for result in front.points
        ),
    )
