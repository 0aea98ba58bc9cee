"""Parsers of OpenML's XML answers into plain values.

Elements are found by name, never by place: servers leave out what is empty.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from metatune.errors import OpenMLError

__all__ = [
    "DatasetInfo",
    "EvaluationRow",
    "FeatureInfo",
    "FlowInfo",
    "SetupParameter",
    "SuiteInfo",
    "TaskInfo",
    "count_rows",
    "read_dataset",
    "read_evaluations",
    "read_features",
    "read_flow",
    "read_flow_list",
    "read_qualities",
    "read_suite",
    "read_suite_list",
    "read_task",
]

_NS = "{http://openml.org/openml}"
_TYPES = {1: "classification", 2: "regression"}
_ROWS = ("evaluation", "task", "dataset", "flow", "setup", "study", "quality", "feature")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteInfo:
    """Benchmark suite: a study of tasks."""

    id: int
    name: str
    alias: str
    task_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo:
    """Task of OpenML.

    Attributes
    ----------
    id, dataset_id : int
    type : str
        "classification", "regression", or "other", which metatune does not learn.
    target : str
        Name of the target.
    measure : str
        OpenML's name of the evaluation measure; empty if none is set.
    """

    id: int
    dataset_id: int
    type: str
    target: str
    measure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInfo:
    """Description of a dataset.

    Attributes
    ----------
    id : int
    name : str
    status : str
        "active", "deactivated" or "in_preparation".
    target : str
        Name of the default target; empty if there is none, or several.
    left_out : tuple of str
        Row identifiers and columns to be ignored.
    licence, md5 : str
    """

    id: int
    name: str
    status: str
    target: str
    left_out: tuple[str, ...]
    licence: str = ""
    md5: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureInfo:
    """Column: its name, and its type as OpenML calls it (nominal, numeric, string, date)."""

    name: str
    data_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupParameter:
    """Hyperparameter that a setup sets: its flow, its name, and its value as text."""

    flow_name: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """Value of one measure of one run by one evaluation engine.

    Attributes
    ----------
    run_id, engine_id, task_id, dataset_id, setup_id, flow_id : int
    flow_name : str
        With its version in parentheses.
    function : str
        OpenML's name of the measure.
    value : float or None
        None where the server has none.
    parameters : tuple of SetupParameter or None
        What the setup sets explicitly; None where the listing does not tell.
    """

    run_id: int
    engine_id: int
    task_id: int
    dataset_id: int
    setup_id: int
    flow_id: int
    flow_name: str
    function: str
    value: float | None
    parameters: tuple[SetupParameter, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowInfo:
    """Flow of OpenML.

    Attributes
    ----------
    id : int
    name : str
    version : int
    defaults : dict of str to str
        Default values as text, by "<flow name>:<parameter>", those of components included.
    """

    id: int
    name: str
    version: int
    defaults: dict[str, str] = field(default_factory=dict)


def count_rows(text: str) -> int:
    """Count the entries of a listing."""
    root = _root(text)
    return sum(1 for child in root if child.tag.removeprefix(_NS) in _ROWS)


def read_suite(text: str) -> SuiteInfo:
    """Read ``study/<id>``.

    Raises
    ------
    OpenMLError
        If it is a study of something else than tasks.
    """
    root = _root(text)
    number = _number(root, "id")
    if _text(root, "main_entity_type") != "task":
        raise OpenMLError(f"study {number} of OpenML is no suite of tasks: name one that is")
    return SuiteInfo(
        id=number,
        name=_text(root, "name"),
        alias=_text(root, "alias"),
        task_ids=tuple(int(e.text or 0) for e in root.iterfind(f"{_NS}tasks/{_NS}task_id")),
    )


def read_suite_list(text: str) -> list[SuiteInfo]:
    """Read ``study/list``; the tasks are not in it."""
    return [
        SuiteInfo(id=_number(e, "id"), name=_text(e, "name"), alias=_text(e, "alias"), task_ids=())
        for e in _root(text).iterfind(f"{_NS}study")
    ]


def read_task(text: str) -> TaskInfo:
    """Read ``task/<id>``."""
    root = _root(text)
    source = root.find(f"{_NS}input/{_NS}data_set")
    if source is None:
        raise OpenMLError(f"task {_text(root, 'task_id')} of OpenML names no dataset: use another")
    measure = root.find(f"{_NS}input/{_NS}evaluation_measures/{_NS}evaluation_measure")
    return TaskInfo(
        id=_number(root, "task_id"),
        dataset_id=_number(source, "data_set_id"),
        type=_TYPES.get(_number(root, "task_type_id"), "other"),
        target=_text(source, "target_feature"),
        measure="" if measure is None else (measure.text or ""),
    )


def read_dataset(text: str) -> DatasetInfo:
    """Read ``data/<id>``."""
    root = _root(text)
    target = _text(root, "default_target_attribute")
    left_out = [_text(root, "row_id_attribute")]
    left_out += [e.text or "" for e in root.iterfind(f"{_NS}ignore_attribute")]
    return DatasetInfo(
        id=_number(root, "id"),
        name=_text(root, "name"),
        status=_text(root, "status"),
        target="" if "," in target else target,
        left_out=tuple(name for part in left_out for name in part.split(",") if name),
        licence=_text(root, "licence"),
        md5=_text(root, "md5_checksum"),
    )


def read_features(text: str) -> list[FeatureInfo]:
    """Read ``data/features/<id>``, in the order of the columns."""
    found = [
        (_number(e, "index"), FeatureInfo(name=_text(e, "name"), data_type=_text(e, "data_type")))
        for e in _root(text).iterfind(f"{_NS}feature")
    ]
    return [feature for _, feature in sorted(found, key=lambda pair: pair[0])]


def read_qualities(text: str) -> dict[str, float]:
    """Read ``data/qualities/<id>``; what is empty or no number is NaN."""
    return {
        _text(e, "name"): _float(_text(e, "value")) for e in _root(text).iterfind(f"{_NS}quality")
    }


def read_evaluations(text: str) -> list[EvaluationRow]:
    """Read ``evaluation/list`` or ``evaluation/setup/list``."""
    return [_evaluation(e) for e in _root(text).iterfind(f"{_NS}evaluation")]


def read_flow(text: str) -> FlowInfo:
    """Read ``flow/<id>``."""
    root = _root(text)
    defaults = dict(_defaults(root))
    return FlowInfo(
        id=_number(root, "id"),
        name=_text(root, "name"),
        version=_number(root, "version"),
        defaults=defaults,
    )


def read_flow_list(text: str) -> list[FlowInfo]:
    """Read ``flow/list``; the defaults are not in it."""
    return [
        FlowInfo(id=_number(e, "id"), name=_text(e, "name"), version=_number(e, "version"))
        for e in _root(text).iterfind(f"{_NS}flow")
    ]


def _evaluation(e: ElementTree.Element) -> EvaluationRow:
    parameters = e.find(f"{_NS}parameters")
    value = _text(e, "value")
    return EvaluationRow(
        run_id=_number(e, "run_id"),
        engine_id=_number(e, "evaluation_engine_id"),
        task_id=_number(e, "task_id"),
        dataset_id=_number(e, "data_id"),
        setup_id=_number(e, "setup_id"),
        flow_id=_number(e, "flow_id"),
        flow_name=_text(e, "flow_name"),
        function=_text(e, "function"),
        value=float(value) if value else None,
        parameters=None
        if parameters is None
        else tuple(
            SetupParameter(
                flow_name=_text(p, "flow_name"),
                name=_text(p, "parameter_name"),
                value=_text(p, "value"),
            )
            for p in parameters.iterfind(f"{_NS}parameter")
        ),
    )


def _defaults(flow: ElementTree.Element) -> Iterator[tuple[str, str]]:
    name = _text(flow, "name")
    for parameter in flow.iterfind(f"{_NS}parameter"):
        yield f"{name}:{_text(parameter, 'name')}", _text(parameter, "default_value")
    for component in flow.iterfind(f"{_NS}component/{_NS}flow"):
        yield from _defaults(component)


def _root(text: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise OpenMLError(f"an answer of OpenML is no XML ({error}): ask again") from error


def _text(element: ElementTree.Element, name: str) -> str:
    found = element.find(_NS + name)
    return "" if found is None else (found.text or "").strip()


def _number(element: ElementTree.Element, name: str) -> int:
    text = _text(element, name)
    try:
        return int(text)
    except ValueError as error:
        tag = element.tag.removeprefix(_NS)
        raise OpenMLError(
            f"an answer of OpenML has {text!r} as {name} of a {tag}: it is no number"
        ) from error


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def parameters_to_json(parameters: tuple[SetupParameter, ...]) -> str:
    """Write parameters as one text, always the same for the same parameters."""
    listed = sorted([p.flow_name, p.name, p.value] for p in parameters)
    return json.dumps(listed, ensure_ascii=False, separators=(",", ":"))


def parameters_from_json(text: str) -> tuple[SetupParameter, ...]:
    """Inverse of `parameters_to_json`."""
    return tuple(SetupParameter(flow_name=f, name=n, value=v) for f, n, v in json.loads(text))
