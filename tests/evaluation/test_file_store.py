"""The store of shared files: complete or absent, never larger than allowed."""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from metatune.evaluation.file_store import FileStore, store_beside


def writes(n_bytes: int, name: str = "file") -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(b"x" * n_bytes)

    return write


def test_what_was_added_is_found(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "store", 1_000)
    assert store.find("a", 1) is None
    assert store.add(writes(10), "a", 1)
    found = store.find("a", 1)
    assert found is not None
    assert (found / "file").read_bytes() == b"x" * 10
    assert store.find("a", 1.5) is None
    assert FileStore(tmp_path / "store", 1_000).find("a", 1) == found


def test_an_entry_is_written_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path, 1_000)
    assert store.add(writes(10), "a")
    assert store.add(lambda folder: pytest.fail(f"{folder} is written again"), "a")


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    store = FileStore(tmp_path, 400)
    for age, name in enumerate("abcd"):
        store.add(writes(100), name)
        entry = store.find(name)
        assert entry is not None
        os.utime(entry, ns=(age, age))
    store.find("a")
    store.add(writes(100), "e")
    assert [name for name in "abcde" if store.find(name)] == ["a", "c", "d", "e"]
    assert sum(file.stat().st_size for file in tmp_path.rglob("file")) <= 400


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    store = FileStore(tmp_path, 400)
    store.add(writes(100), "a")
    assert not store.add(writes(101), "b")
    assert store.find("a")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def full(folder: Path) -> None:
        (folder / "file").write_bytes(b"x")
        raise OSError("no space left")

    store = FileStore(tmp_path, 400)
    assert not store.add(full, "a")
    assert store.find("a") is None
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert not FileStore(tmp_path / "file", 400).add(writes(1), "a")


def test_drafts_of_killed_processes_make_room_when_needed(tmp_path: Path) -> None:
    draft = tmp_path / "draft-of-a-killed-process"
    draft.mkdir()
    (draft / "file").write_bytes(b"x" * 350)
    store = FileStore(tmp_path, 400)
    assert store.add(writes(100), "a")
    assert not draft.exists()
    assert store.find("a")


def test_dropped_entries_are_gone(tmp_path: Path) -> None:
    store = FileStore(tmp_path, 400)
    store.add(writes(1), "a")
    store.drop("a")
    store.drop("never there")
    assert store.find("a") is None
    assert not list(tmp_path.iterdir())


def _add_many(folder: Path, offset: int) -> None:
    store = FileStore(folder, 5_000)
    for number in range(60):
        key = (number + offset) % 20
        store.add(writes(900), key)
        found = store.find(key)
        if found is not None:
            try:
                size = (found / "file").stat().st_size
            except FileNotFoundError:
                continue  # another process has made room meanwhile
            assert size == 900


def test_processes_may_share_a_store(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_add_many, args=(tmp_path, 7 * i)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    entries = list(tmp_path.iterdir())
    assert not [path for path in entries if path.name.startswith(("draft-", "gone-"))]
    assert all((path / "file").stat().st_size == 900 for path in entries)


def test_the_store_of_an_inbox_lies_beside_it(tmp_path: Path) -> None:
    inbox = tmp_path / "data"
    inbox.mkdir()
    store = store_beside(inbox)
    assert store.add(writes(10), "a")
    found = store.find("a")
    assert found is not None
    assert found.parent.parent == tmp_path
    assert found.parent != inbox
