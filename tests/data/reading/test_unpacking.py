"""Compressed files and archives: litter, damage, and more inside than there is room for."""

import bz2
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from metatune.data.reading import room
from metatune.data.reading.table_reader import Table, read_table
from metatune.errors import TableError

TEXT = "a,b,y\n" + "".join(f"{i},{i * 0.37:.2f},{'uv'[i % 2]}\n" for i in range(60))


def read(folder: Path, content: bytes, name: str) -> Table:
    (folder / name).write_bytes(content)
    return read_table(folder / name)


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "others",
    [
        {"d/.DS_Store": "x", "__MACOSX/d/._data.csv": "x"},
        {"d/Thumbs.db": "x", "d/desktop.ini": "x"},
        {".git/old.csv": "x", "d/": ""},
        {"README.md": "x", "LICENSE": "x"},
    ],
)
def test_the_one_table_of_an_archive_is_read(tmp_path: Path, others: dict[str, str]) -> None:
    assert read(tmp_path, zipped({"d/data.csv": TEXT, **others}), "t.zip").frame.shape == (60, 3)


def test_several_tables_are_named(tmp_path: Path) -> None:
    content = zipped({"a.csv": TEXT, "b.csv": TEXT, "\x1b[31mc.csv": TEXT})
    with pytest.raises(
        TableError, match=r"t\.zip must hold one file, but holds a\.csv, b\.csv"
    ) as e:
        read(tmp_path, content, "t.zip")
    assert "\x1b" not in str(e.value)
    with pytest.raises(TableError, match="holds nothing"):
        read(tmp_path, zipped({}), "t.zip")


def damaged(content: bytes) -> bytes:
    broken = bytearray(content)
    for i in range(30, len(broken), 17):
        broken[i] ^= 0x33
    return bytes(broken)


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("fault", [damaged, lambda content: content[: len(content) // 2]])
def test_damage_is_said_in_one_line(
    tmp_path: Path, suffix: str, fault: Callable[[bytes], bytes]
) -> None:
    packed = {
        "gz": gzip.compress(TEXT.encode()),
        "bz2": bz2.compress(TEXT.encode()),
        "xz": lzma.compress(TEXT.encode()),
        "zip": zipped({"t.csv": TEXT}),
    }
    with pytest.raises(TableError, match="damaged") as caught:
        read(tmp_path, fault(packed[suffix]), f"t.csv.{suffix}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("t.csv.gz", b"\x1f\x8b"),
        ("t.csv.zst", b"\x28\xb5\x2f\xfd" + b"junk" * 20),
        ("t.zip", b"PK\x03\x04"),
        ("t.xlsx", b"PK\x03\x04"),
    ],
)
def test_a_start_without_an_end(tmp_path: Path, name: str, start: bytes) -> None:
    with pytest.raises(TableError, match="damaged"):
        read(tmp_path, start, name)


def test_an_encrypted_archive_is_named(tmp_path: Path) -> None:
    content = bytearray(zipped({"t.csv": TEXT}))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(sign) + place] |= 1
    with pytest.raises(TableError, match="is encrypted: unpack it first"):
        read(tmp_path, bytes(content), "t.zip")


@pytest.mark.parametrize("suffix", ["gz", "zip", "xz"])
def test_much_behind_little_is_refused_before_it_is_unpacked(tmp_path: Path, suffix: str) -> None:
    text = "1,2,3\n" * 20_000_000
    packed = {
        "gz": lambda: gzip.compress(text.encode(), 6),
        "zip": lambda: zipped({"t.csv": text}),
        "xz": lambda: lzma.compress(text.encode(), preset=0),
    }
    with pytest.raises(TableError, match="unpacks to more than"):
        read(tmp_path, packed[suffix](), f"t.csv.{suffix}")


def test_a_table_without_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "available_memory", lambda: 3000)
    for name, content in (("t.csv", TEXT.encode()), ("t.csv.gz", gzip.compress(TEXT.encode()))):
        with pytest.raises(TableError, match=rf"{name} is too large: .* 3 kB are free"):
            read(tmp_path, content, name)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, TEXT.encode())
    os.close(theirs)
    try:
        assert read_table(f"/dev/fd/{ours}").frame.shape == (60, 3)
    finally:
        os.close(ours)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a" * 5000, "cannot read a+[.]{3}: File name too long"),
        ("~nobody-here/t.csv", "there is no file ~nobody-here/t.csv"),
        ("a\0b.csv", "there is no file"),
        ("t.csv/inner.csv", "there is no file"),
    ],
)
def test_paths_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TEXT)
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert len(str(caught.value)) < 300
