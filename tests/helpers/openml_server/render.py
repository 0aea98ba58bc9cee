"""The XML that an OpenML server answers with: elements in its order, with its prefix."""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from openml_server.world import (
    Dataset,
    Evaluation,
    Feature,
    Flow,
    Procedure,
    Setup,
    SetupParameter,
    Suite,
    Task,
    World,
)

__all__ = ["NAMESPACE", "Renderer", "element", "error"]

NAMESPACE = "http://openml.org/openml"
_TYPES = {1: "Supervised Classification", 2: "Supervised Regression", 5: "Clustering"}
_LISTED_QUALITIES = (
    "MajorityClassSize",
    "MaxNominalAttDistinctValues",
    "MinorityClassSize",
    "NumberOfClasses",
    "NumberOfFeatures",
    "NumberOfInstances",
    "NumberOfInstancesWithMissingValues",
    "NumberOfMissingValues",
    "NumberOfNumericFeatures",
    "NumberOfSymbolicFeatures",
)
_UPLOADED = "2018-04-03 21:05:38"


def element(tag: str, /, *content: str, **attributes: str) -> str:
    """Write one element; text content has to be escaped by the caller (see `_text`)."""
    inside = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<oml:{tag}{inside}>{''.join(content)}</oml:{tag}>"


def document(name: str, *content: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<oml:{name} xmlns:oml="{NAMESPACE}">{"".join(content)}</oml:{name}>\n'
    )


def error(code: int, message: str) -> str:
    """Write the body of a refusal."""
    return document("error", _text("code", code), _text("message", message))


def _text(name: str, value: object) -> str:
    return element(name, escape(str(value)))


def _maybe(name: str, value: object) -> str:
    return "" if value is None else _text(name, value)


class Renderer:
    """Writes the things of a world; `host` is the address in links to files."""

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self._host = host

    def suite(self, suite: Suite) -> str:
        return document(
            "study",
            _text("id", suite.id),
            _maybe("alias", suite.alias),
            _text("main_entity_type", suite.main_entity_type),
            _text("name", suite.name),
            _text("description", "made up"),
            _text("visibility", "public"),
            _text("status", "active"),
            _text("creation_date", "2019-02-21T18:47:13"),
            _text("creator", 1),
            element("data", *(_text("data_id", i) for i in suite.datasets)),
            element("tasks", *(_text("task_id", i) for i in suite.tasks)),
        )

    def suites(self, suites: Iterable[Suite]) -> str:
        return document(
            "study_list",
            *(
                element(
                    "study",
                    _text("id", s.id),
                    _maybe("alias", s.alias),
                    _text("main_entity_type", s.main_entity_type),
                    _text("name", s.name),
                    _text("status", "active"),
                    _text("creation_date", "2019-02-21 18:47:13"),
                    _text("creator", 1),
                )
                for s in suites
            ),
        )

    def tasks(self, tasks: Iterable[Task]) -> str:
        return document("tasks", *map(self._listed_task, tasks))

    def _listed_task(self, task: Task) -> str:
        dataset = self._world.datasets[task.dataset]
        inputs = {
            "estimation_procedure": task.procedure,
            "source_data": task.dataset,
            "target_feature": task.target,
        }
        return element(
            "task",
            _text("task_id", task.id),
            _text("task_type_id", task.type),
            _text("task_type", _TYPES[task.type]),
            _text("did", task.dataset),
            _text("name", dataset.name),
            _text("status", dataset.status),
            _text("format", "ARFF"),
            *(
                element("input", escape(str(value)), name=name)
                for name, value in ({} if task.hidden_inputs else inputs).items()
            ),
            *_listed_qualities(dataset.qualities),
        )

    def procedures(self, procedures: Iterable[Procedure]) -> str:
        return document(
            "estimationprocedures",
            *(
                element(
                    "estimationprocedure",
                    _text("id", p.id),
                    _text("ttid", p.type_id),
                    _text("name", p.name),
                    _text("type", "crossvalidation"),
                    _text("repeats", 1),
                    _text("folds", p.folds),
                    _text("stratified_sampling", "true"),
                )
                for p in procedures
            ),
        )

    def task(self, task: Task) -> str:
        name = self._world.datasets[task.dataset].name
        procedure = element(
            "estimation_procedure",
            _text("id", task.procedure),
            _text("type", "crossvalidation"),
            _text("data_splits_url", f"{self._host}/api_splits/get/{task.id}/splits.arff"),
            element("parameter", "1", name="number_repeats"),
            element("parameter", "10", name="number_folds"),
            element("parameter", name="percentage"),
            element("parameter", "true", name="stratified_sampling"),
        )
        source = element(
            "data_set", _text("data_set_id", task.dataset), _text("target_feature", task.target)
        )
        measures = element("evaluation_measures", _text("evaluation_measure", task.measure))
        return document(
            "task",
            _text("task_id", task.id),
            _text("task_name", f"Task {task.id}: {name} ({_TYPES[task.type]})"),
            _text("task_type_id", task.type),
            _text("task_type", _TYPES[task.type]),
            element("input", source, name="source_data"),
            element("input", procedure, name="estimation_procedure"),
            element("input", element("cost_matrix", element("cost_matrix")), name="cost_matrix"),
            element("input", measures, name="evaluation_measures"),
        )

    def dataset(self, dataset: Dataset) -> str:
        did = dataset.id
        parquet = f"{self._host}/datasets/{did // 10_000:04}/{did:04}/dataset_{did}.pq"
        return document(
            "data_set_description",
            _text("id", did),
            _text("name", dataset.name),
            _text("version", 1),
            _text("description", "made up"),
            _text("description_version", 1),
            _text("format", dataset.format),
            _text("upload_date", "2014-04-06T23:21:47"),
            _text("licence", "Public"),
            _text("url", f"{self._host}/data/v1/download/{did}/{dataset.name}.arff"),
            "" if dataset.format == "Sparse_ARFF" else _text("parquet_url", parquet),
            _text("file_id", did),
            _maybe("default_target_attribute", dataset.target),
            _maybe("row_id_attribute", dataset.row_id),
            *(_text("ignore_attribute", name) for name in dataset.ignored),
            _text("tag", "made_up"),
            _text("visibility", dataset.visibility),
            _text("status", dataset.status),
            _text("processing_date", "2024-01-09 18:02:58"),
            _text("md5_checksum", dataset.checksum),
        )

    def features(self, dataset: Dataset) -> str:
        return document(
            "data_features",
            *(
                self._feature(dataset, index, feature)
                for index, feature in enumerate(dataset.features or ())
            ),
        )

    def _feature(self, dataset: Dataset, index: int, feature: Feature) -> str:
        return element(
            "feature",
            _text("index", index),
            _text("name", feature.name),
            _text("data_type", feature.data_type),
            *(_text("nominal_value", value) for value in feature.values),
            _text("is_target", _flag(feature.name == dataset.target)),
            _text("is_ignore", _flag(feature.name in dataset.ignored)),
            _text("is_row_identifier", _flag(feature.name == dataset.row_id)),
            _text("number_of_missing_values", feature.n_missing),
        )

    def qualities(self, dataset: Dataset) -> str:
        return document(
            "data_qualities",
            *(
                element(
                    "quality",
                    _text("name", name),
                    "<oml:value />" if value is None else _text("value", value),
                )
                for name, value in (dataset.qualities or {}).items()
            ),
        )

    def datasets(self, datasets: Iterable[Dataset]) -> str:
        return document(
            "data",
            *(
                element(
                    "dataset",
                    _text("did", d.id),
                    _text("name", d.name),
                    _text("version", 1),
                    _text("uploader", 1),
                    _text("status", d.status),
                    _text("format", "ARFF"),
                    _text("file_id", d.id),
                    *_listed_qualities(d.qualities),
                )
                for d in datasets
            ),
        )

    def evaluations(
        self, evaluations: Iterable[Evaluation], *, setups: bool, per_fold: bool
    ) -> str:
        return document(
            "evaluations", *(self._evaluation(e, setups, per_fold) for e in evaluations)
        )

    def _evaluation(self, evaluation: Evaluation, setups: bool, per_fold: bool) -> str:
        world = self._world
        setup, task = world.setups[evaluation.setup], world.tasks[evaluation.task]
        flow, dataset = world.flows[setup.flow], world.datasets[task.dataset]
        folds = ",".join(map(str, evaluation.folds))
        parameters = element("parameters", *map(self._parameter, setup.parameters))
        return element(
            "evaluation",
            _text("run_id", evaluation.run),
            _text("uploader", evaluation.uploader),
            _text("task_id", task.id),
            _text("setup_id", setup.id),
            _text("flow_id", flow.id),
            _text("flow_name", f"{flow.name}({flow.version})"),
            parameters if setups else "",
            _text("data_id", dataset.id),
            _text("data_name", dataset.name),
            _text("evaluation_engine_id", evaluation.engine),
            _text("function", evaluation.function),
            _text("upload_time", _UPLOADED),
            _text("values", f"[{folds}]") if per_fold else _maybe("value", evaluation.value),
            "" if per_fold or not folds else _text("array_data", f"[{folds}]"),
        )

    def _parameter(self, parameter: SetupParameter) -> str:
        flow = self._world.flows[parameter.flow]
        known = {p.name: p for p in flow.parameters}[parameter.name]
        number = 1000 * flow.id + [p.name for p in flow.parameters].index(parameter.name)
        return element(
            "parameter",
            _text("id", number),
            _text("flow_id", flow.id),
            _text("flow_name", flow.name),
            _text("full_name", f"{flow.name}({flow.version})_{parameter.name}"),
            _text("parameter_name", parameter.name),
            _text("data_type", known.data_type),
            _text("default_value", known.default),
            _text("value", parameter.value),
        )

    def setups(self, setups: Iterable[Setup]) -> str:
        return document(
            "setups",
            *(
                element(
                    "setup",
                    _text("setup_id", s.id),
                    _text("flow_id", s.flow),
                    *map(self._parameter, s.parameters),
                )
                for s in setups
            ),
        )

    def setup(self, setup: Setup) -> str:
        return document(
            "setup_parameters",
            _text("setup_id", setup.id),
            _text("flow_id", setup.flow),
            *map(self._parameter, setup.parameters),
        )

    def users(self, users: Mapping[int, str]) -> str:
        return document(
            "users",
            *(element("user", _text("id", i), _text("username", n)) for i, n in users.items()),
        )

    def flow(self, flow: Flow) -> str:
        body = self._flow_body(flow)
        return document("flow", body)

    def _flow_body(self, flow: Flow) -> str:
        return "".join(
            (
                _text("id", flow.id),
                _text("uploader", flow.uploader),
                _text("name", flow.name),
                _text("version", flow.version),
                _text("external_version", flow.external_version),
                _text("description", "made up"),
                _text("upload_date", "2018-01-01T00:00:00"),
                _text("language", "English"),
                _text("dependencies", flow.external_version),
                *(
                    element(
                        "parameter",
                        _text("name", p.name),
                        _text("data_type", p.data_type),
                        _text("default_value", p.default),
                        _text("description", ""),
                    )
                    for p in flow.parameters
                ),
                *(
                    element(
                        "component",
                        _text("identifier", c.identifier),
                        element("flow", self._flow_body(self._world.flows[c.flow])),
                    )
                    for c in flow.components
                ),
            )
        )

    def flows(self, flows: Iterable[Flow]) -> str:
        return document(
            "flows",
            *(
                element(
                    "flow",
                    _text("id", f.id),
                    _text("full_name", f"{f.name}({f.version})"),
                    _text("name", f.name),
                    _text("version", f.version),
                    _text("external_version", f.external_version),
                    _text("uploader", f.uploader),
                )
                for f in flows
            ),
        )

    def quality_names(self, names: Iterable[str]) -> str:
        return document("data_qualities_list", *(_text("quality", n) for n in names))

    def measures(self, names: Iterable[str]) -> str:
        return document(
            "evaluation_measures", element("measures", *(_text("measure", n) for n in names))
        )


def _listed_qualities(qualities: Mapping[str, float | None] | None) -> Iterable[str]:
    for name in _LISTED_QUALITIES:
        value = (qualities or {}).get(name)
        if value is not None:
            yield element("quality", str(int(value)), name=name)


def _flag(value: bool) -> str:
    return "true" if value else "false"
