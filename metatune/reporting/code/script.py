"""Assembly of a script: its parts in the order in which one reads them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metatune.reporting.code.library import Part, import_lines, library, names_in, needed_parts
from metatune.reporting.code.writing import assignment

__all__ = ["Script", "assembled"]

_MAIN = '''
def main():
    """Train on a table, or predict another one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train on a table whose target is known")
    training.add_argument("file")
    training.add_argument("--model", default="baseline.joblib", help="where to save the model")
    predicting = commands.add_parser("predict", help="predict the rows of a table")
    predicting.add_argument("file")
    predicting.add_argument("--model", default="baseline.joblib", help="model to predict with")
    predicting.add_argument("-o", "--output", default=sys.stdout, help="file to write, as CSV")
    given = parser.parse_args()
    if given.command == "train":
        joblib.dump(train(given.file), given.model)
    else:
        predictions = predict(joblib.load(given.model), read_table(given.file))
        predictions.to_csv(given.output, index=False)


if __name__ == "__main__":
    main()
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Pieces of a script.

    Attributes
    ----------
    title : str
        What it says of itself, several lines.
    constants : Mapping of str to object
        In the order in which they are written.
    functions : tuple of str
        Code of the functions and classes that are its own, in the order of reading.
    """

    title: str
    constants: Mapping[str, Any]
    functions: Sequence[str] = field(default=())


def assembled(script: Script) -> str:
    """Return the text of a script, with the parts and imports that it needs."""
    own = [*script.functions, _MAIN]
    used = frozenset().union(*(names_in(source) for source in own))
    parts = needed_parts(used, {*script.constants, *_defined(own)})
    names = used.union(*(part.needs for part in parts))
    constants = {name: value for name, value in script.constants.items() if name in names}
    lines = "\n".join(
        [part.source for part in parts if part.is_constant]
        + [assignment(name, value) for name, value in constants.items()]
    )
    code = [part.source for part in _by_file(parts) if not part.is_constant]
    blocks = [*code, *(source.strip("\n") for source in own)]
    head = f'"""{script.title.strip()}\n"""\n\n{import_lines(names)}\n\n{lines}'
    return "\n\n\n".join([head, *blocks]) + "\n"


def _by_file(parts: Iterable[Part]) -> list[Part]:
    """Put parts into the order of their files: functions of cells first, learners last."""
    order = list(library())
    return sorted(parts, key=lambda part: order.index(part.name))


def _defined(sources: Iterable[str]) -> set[str]:
    import ast

    found = set()
    for source in sources:
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
    return found
