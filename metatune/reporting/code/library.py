"""Library of parts: functions, classes and constants, each with what it needs."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["PLAIN_LEARNERS", "Part", "import_lines", "library", "names_in", "needed_parts"]

_PARTS = "metatune.reporting.code.parts"
_READERS = (
    *("bounds.py", "composites.py", "date_words.py", "durations.py", "labelled_numbers.py"),
    *("numbers.py", "numbers_in_text.py", "scripts.py", "units.py"),
)
"""Modules of `metatune.data.columns` that scripts take functions from: they need no library."""

_COMMENT = re.compile(r"  # (?:type: ignore|noqa)[^#\n]*")

PLAIN_LEARNERS = {
    "DecisionTreeRegressor": ("sklearn.tree", "decision_tree"),
    "ElasticNet": ("sklearn.linear_model", "elastic_net"),
    "ExtraTreesClassifier": ("sklearn.ensemble", "extra_trees"),
    "ExtraTreesRegressor": ("sklearn.ensemble", "extra_trees"),
    "GaussianNB": ("sklearn.naive_bayes", "naive_bayes"),
    "LogisticRegression": ("sklearn.linear_model", "logistic_regression"),
    "RandomForestClassifier": ("sklearn.ensemble", "random_forest"),
    "RandomForestRegressor": ("sklearn.ensemble", "random_forest"),
    "Ridge": ("sklearn.linear_model", "ridge"),
}
"""Modules of scikit-learn's learners that scripts use as they are, and what functions that make
them are called."""

_IMPORTS = {
    "argparse": "",
    "joblib": "",
    "lightgbm": "",
    "xgboost": "",
    "np": "numpy",
    "pd": "pandas",
    "loadarff": "scipy.io.arff",
    "sys": "",
    "threadpool_limits": "threadpoolctl",
    **{name: module for name, (module, _) in PLAIN_LEARNERS.items()},
    **dict.fromkeys(("CatBoostClassifier", "CatBoostRegressor"), "catboost"),
    **dict.fromkeys(
        (
            "FunctionTransformer",
            "OneHotEncoder",
            "QuantileTransformer",
            "RobustScaler",
            "StandardScaler",
        ),
        "sklearn.preprocessing",
    ),
    **dict.fromkeys(
        ("RBF", "ConstantKernel", "DotProduct", "Matern", "WhiteKernel"),
        "sklearn.gaussian_process.kernels",
    ),
    **dict.fromkeys(("SVC", "SVR"), "sklearn.svm"),
    **dict.fromkeys(("Pipeline", "make_pipeline"), "sklearn.pipeline"),
    "BaseEstimator": "sklearn.base",
    "ColumnTransformer": "sklearn.compose",
    **dict.fromkeys(("DummyClassifier", "DummyRegressor"), "sklearn.dummy"),
    "KNeighborsRegressor": "sklearn.neighbors",
    "SimpleImputer": "sklearn.impute",
    "train_test_split": "sklearn.model_selection",
}
"""Modules of the names that generated code uses; empty where the name is the module."""

_ALIASES = {"np": "numpy", "pd": "pandas"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Function, class or constant that scripts are put together from.

    Attributes
    ----------
    name : str
    source : str
        Its code, without annotations.
    needs : frozenset of str
        Names that it uses.
    is_constant : bool
    """

    name: str
    source: str
    needs: frozenset[str]
    is_constant: bool


@cache
def library() -> Mapping[str, Part]:
    """Return all parts by name, in the order of their files."""
    found: dict[str, Part] = {}
    for text in _sources():
        for part in _parts_of(text):
            if found.setdefault(part.name, part).source != part.source:
                raise ValueError(f"two parts are called {part.name}")
    return found


@cache
def _sources() -> tuple[str, ...]:
    own = sorted(resources.files(_PARTS).iterdir(), key=lambda file: file.name)
    files = [file for file in own if file.name.endswith(".py")]
    files += [resources.files("metatune.data.columns").joinpath(name) for name in _READERS]
    return tuple(file.read_text(encoding="utf-8") for file in files)


@cache
def _imported() -> Mapping[str, str]:
    """Return the modules that names of parts are imported from."""
    found: dict[str, str] = {}
    for text in _sources():
        for node in ast.parse(text).body:
            if isinstance(node, ast.Import):
                found |= {alias.name: "" for alias in node.names if alias.asname is None}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = node.module.startswith("metatune") or node.module == "typing"
                names = [] if inner else [alias.name for alias in node.names]
                found |= dict.fromkeys(names, node.module)
    return found


def names_in(source: str) -> frozenset[str]:
    """Return the names that code refers to."""
    nodes = ast.walk(ast.parse(source))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name))


def needed_parts(used: Iterable[str], given: Iterable[str]) -> list[Part]:
    """Return the parts that some names stand for, and those that these need, the needed first.

    Parameters
    ----------
    used : iterable of str
        Names in generated code.
    given : iterable of str
        Names that the generated code defines itself, in the place of a part.
    """
    parts, taken = library(), set(given)
    found: dict[str, Part] = {}

    def visit(name: str) -> None:
        if name not in parts or name in taken:
            return
        taken.add(name)
        for need in sorted(parts[name].needs):
            visit(need)
        found[name] = parts[name]

    for name in sorted(used):
        visit(name)
    order = list(parts)
    depth = _depths(found)
    return sorted(found.values(), key=lambda part: (depth[part.name], order.index(part.name)))


def _depths(found: Mapping[str, Part]) -> dict[str, int]:
    """Return for each part how many others build on each other below it."""
    depths: dict[str, int] = {}
    for name, part in found.items():  # what a part needs comes before it
        depths[name] = 1 + max((depths[need] for need in part.needs if need in depths), default=-1)
    return depths


def import_lines(names: Iterable[str]) -> str:
    """Return the import statements of names, those of Python's own modules first."""
    known = {**_imported(), **_IMPORTS}
    plain: set[str] = set()
    by_module: dict[str, set[str]] = {}
    for name in names:
        if name not in known:
            continue
        if name in _ALIASES:
            plain.add(f"import {_ALIASES[name]} as {name}")
        elif known[name]:
            by_module.setdefault(known[name], set()).add(name)
        else:
            plain.add(f"import {name}")
    lines = sorted(plain) + [_from(module, by_module[module]) for module in sorted(by_module)]
    own = [line for line in lines if line.split()[1].partition(".")[0] in sys.stdlib_module_names]
    others = [line for line in lines if line not in own]
    return "\n\n".join("\n".join(block) for block in (own, others) if block)


def _from(module: str, names: set[str]) -> str:
    listed = sorted(names, key=lambda name: (not name.isupper(), name))
    line = f"from {module} import {', '.join(listed)}"
    if len(line) <= 100:
        return line
    inner = "".join(f"    {name},\n" for name in listed)
    return f"from {module} import (\n{inner})"


def _parts_of(text: str) -> Iterator[Part]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name, source = node.name, _with_decorators(text, node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, source = node.targets[0].id, ast.get_source_segment(text, node) or ""
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            name = node.target.id
            source = f"{name} = {ast.get_source_segment(text, node.value)}"
        elif isinstance(node, ast.AugAssign):
            raise ValueError(f"{ast.unparse(node.target)} is not defined at once")
        else:
            continue
        if name == "__all__":
            continue
        source = _without_annotations(source)
        yield Part(
            name=name,
            source=source,
            needs=names_in(source) - {name},
            is_constant=isinstance(node, ast.Assign | ast.AnnAssign),
        )


def _with_decorators(text: str, node: ast.ClassDef | ast.FunctionDef) -> str:
    decorators = [f"@{ast.get_source_segment(text, one)}" for one in node.decorator_list]
    return "\n".join([*decorators, ast.get_source_segment(text, node) or ""])


def _without_annotations(source: str) -> str:
    """Cut out the annotations of functions, and remarks to the tools that check them."""
    lines = _COMMENT.sub("", source).splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    content = "".join(lines).encode()

    def place(line: int, column: int) -> int:
        return starts[line - 1] + column

    cuts: list[tuple[int, int]] = []
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.arg) and node.annotation is not None:
            end = place(node.annotation.end_lineno or 0, node.annotation.end_col_offset or 0)
            while content[end : end + 3] == b" = ":  # a default: x: Any = 1 becomes x=1
                cuts.append((end, end + 3))
                break
            cuts.append((place(node.lineno, node.col_offset) + len(node.arg.encode()), end))
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            start = content.rindex(b")", 0, place(node.returns.lineno, node.returns.col_offset))
            end = place(node.returns.end_lineno or 0, node.returns.end_col_offset or 0)
            cuts.append((start + 1, end))
    for start, end in sorted(cuts, reverse=True):
        middle = b"=" if content[start:end] == b" = " else b""
        content = content[:start] + middle + content[end:]
    return content.decode()
