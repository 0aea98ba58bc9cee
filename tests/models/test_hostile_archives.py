"""Archives of model files from strangers: damaged, too large, lying, or of another version."""

import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from model_edits import Edit, more_attributes, refused
from model_files import EditedFile, leaf, walk

from metatune.models import model_file


def same_member_twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("schema.json", "{}")


def patched(path: Path, at_local: int, at_central: int, value: bytes) -> None:
    content = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x03\x04", at_local), (b"PK\x01\x02", at_central)):
        place = 0
        while (place := content.find(sign, place)) >= 0:
            content[place + at : place + at + len(value)] = value
            place += 4
    path.write_bytes(bytes(content))


ARCHIVES: dict[str, Callable[[Path], object]] = {
    "compressed": lambda p: EditedFile(p).write(p, zipfile.ZIP_DEFLATED),
    "encrypted": lambda p: patched(p, 6, 8, b"\x01"),
    "of an unknown compression": lambda p: patched(p, 8, 10, struct.pack("<H", 99)),
    "larger than it is": lambda p: patched(p, 22, 24, struct.pack("<I", 2**31)),
    "cut": lambda p: p.write_bytes(p.read_bytes()[:-300]),
    "empty": lambda p: p.write_bytes(b""),
    "of two schemas": same_member_twice,
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_that_are_none_of_metatune(
    name: str, valid: dict[str, Path], tmp_path: Path
) -> None:
    path = EditedFile(valid["linear"]).write(tmp_path / "model.skops")
    ARCHIVES[name](path)
    refused(path)


def with_schema(text: str) -> Edit:
    def edit(file: EditedFile) -> None:
        file.members["schema.json"] = text.encode()

    return edit


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "{",
        "\x00",
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"protocol": 1e999}',
    ],
    ids=["nothing", "list", "null", "empty", "open", "zero", "deep", "infinite"],
)
def test_schemas_that_are_none(text: str, valid: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", text)
    refused(path)


def test_members_that_nothing_refers_to_or_that_are_missing(
    valid: dict[str, Path], tmp_path: Path
) -> None:
    file = EditedFile(valid["linear"])
    file.members["code.pkl"] = b"cos\nsystem\n(S'id'\ntR."
    assert "code.pkl" in refused(file.write(tmp_path / "more.skops"))
    file = EditedFile(valid["linear"])
    file.members.popitem()
    refused(file.write(tmp_path / "less.skops"))


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': (1,), }",
        "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        "(" * 5_000,
    ],
    ids=["73 TiB", "objects", "call", "objects inside", "negative", "deep"],
)
def test_arrays_whose_header_lies(header: str, valid: dict[str, Path], tmp_path: Path) -> None:
    file = EditedFile(valid["linear"])
    name = next(name for name in file.members if name.endswith(".npy"))
    text = header.encode() + b"\n"
    file.members[name] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"\x00" * 8
    refused(file.write(tmp_path / "model.skops"))


def test_more_memory_than_there_is(valid: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "available_memory", lambda: 100_000)
    assert "memory" in refused(valid["linear"])


def test_another_version_is_one_line(valid: dict[str, Path], tmp_path: Path) -> None:
    def of_version(*more: Edit) -> Path:
        file = EditedFile(valid["linear"])
        for node in walk(file.schema):
            content = node.get("content")
            if isinstance(content, dict) and "_sklearn_version" in content:
                content["_sklearn_version"] = leaf("1.8.0")
        for edit in more:
            edit(file)
        return file.write(tmp_path / "model.skops")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model_file.load(of_version())
    assert [each.category for each in caught] == [model_file.ModelVersionWarning]
    assert "1.8.0" in str(caught[0].message)
    assert "1.8.0" in refused(of_version(more_attributes("LogisticRegression", old=leaf(1))))
