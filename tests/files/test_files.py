"""Files written in one step, their hashes, scratch folders, and text for people."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import pytest

from metatune.errors import BundleError
from metatune.files.atomic import replacing
from metatune.files.hashing import file_hash
from metatune.files.locks import ProcessLock
from metatune.files.scratch import no_room, scratch_directory, sweep
from metatune.files.text import json_text, short_path, visible


def test_a_file_is_replaced_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as part:
            part.write_text("half")
            raise ValueError("disk")

    with pytest.raises(ValueError, match="disk"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_large_file_has_the_hash_of_all_its_bytes(tmp_path: Path) -> None:
    content = os.urandom(2**20 + 17)
    (tmp_path / "f").write_bytes(content)
    assert file_hash(tmp_path / "f") == hashlib.sha256(content).hexdigest()


def test_a_scratch_directory_is_gone_after_its_context() -> None:
    with scratch_directory() as scratch:
        (scratch / "file").write_text("x")
        sweep(scratch.parent)
        assert (scratch / "file").is_file()
    assert not scratch.exists()


def test_only_marked_directories_that_nobody_holds_are_swept(tmp_path: Path) -> None:
    for name in ("metatune-dead", "metatune-held", "other-dead"):
        (tmp_path / name / "data").mkdir(parents=True)
        (tmp_path / name / "alive").touch()
    (tmp_path / "metatune-unmarked").mkdir()
    held = ProcessLock.try_hold(tmp_path / "metatune-held" / "alive")
    assert held is not None
    assert sweep(tmp_path) == 1
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"metatune-held", "other-dead", "metatune-unmarked"}
    held.release()
    assert sweep(tmp_path) == 1


def test_a_full_disk_is_said_with_the_place_and_the_way_out() -> None:
    error = no_room(OSError(28, "No space left on device"))
    assert isinstance(error, BundleError)
    assert tempfile.gettempdir() in str(error)
    assert "No space left on device" in str(error)
    assert "TMPDIR" in str(error)


def test_characters_that_steer_a_terminal_are_shown_and_not_sent() -> None:
    assert visible("a\x1b[31mb") == "a\\x1b[31mb"
    assert visible("right\u202eleft") == "right\\u202eleft"
    assert visible("a\tb\n") == "a\\tb\\n"
    assert visible("a\tb\n", lines=True) == "a\tb\n"
    assert visible("Zürich 東京") == "Zürich 東京"


def test_json_for_people_keeps_letters_and_still_reads_back() -> None:
    value = {"name": "Zürich\x1b\u202e\ud800"}
    text = json_text(value)
    assert "Zürich" in text
    assert text.encode("utf-8")
    assert json.loads(text) == value


def test_long_paths_are_cut() -> None:
    assert short_path(Path("a/b")) == "a/b"
    assert short_path("x" * 300) == "x" * 100 + "..."
