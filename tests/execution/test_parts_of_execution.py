"""Parts of execution that need no pool: names of functions, bundles of files, versions, memory."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from metatune.execution.by_name import ByName, name_of
from metatune.execution.cluster.file_bundle import pack, unpack
from metatune.execution.cluster.versions import difference, versions_here
from metatune.execution.memory import MEGABYTE, MemoryMeter


class Called:
    """Object that can be called, but not imported."""

    def __call__(self) -> None:
        """Do nothing."""


def test_a_function_is_called_by_the_name_under_which_it_is_imported() -> None:
    assert name_of(dedent) == "textwrap:dedent"
    assert ByName("textwrap:dedent")("  a") == "a"
    assert name_of(ByName("no.such.module:function")) == "no.such.module:function"


@pytest.mark.parametrize(
    "function", [lambda: 1, Called(), [].append], ids=["lambda", "object", "bound"]
)
def test_what_has_no_name_elsewhere_is_refused(function: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="at the top level of a module"):
        name_of(function)


def test_a_bundle_brings_a_folder_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a" / "deeper").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(b"1")
    (tmp_path / "a" / "deeper" / "empty").touch()
    bundle = pack(tmp_path / "a")
    assert list(bundle) == ["deeper/empty", "one"]
    unpack(bundle, tmp_path / "b" / "c")
    assert (tmp_path / "b" / "c" / "one").read_bytes() == b"1"
    assert (tmp_path / "b" / "c" / "deeper" / "empty").read_bytes() == b""


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_a_bundle_cannot_write_outside_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not belong into"):
        unpack({name: np.zeros(1, np.uint8)}, tmp_path / "in")
    assert not (tmp_path / "outside").exists()


def test_versions_that_differ_are_named_with_both() -> None:
    here = versions_here()
    assert here["Python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert difference(here, here) == ""
    there = {name: version for name, version in here.items() if name != "numpy"}
    assert difference(here, there) == f"numpy none instead of {here['numpy']}"
    assert difference({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == "b 3 instead of 2"


def test_memory_is_what_a_process_and_its_children_hold() -> None:
    program = (
        "import sys; held = bytearray(80_000_000); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        of_child = MemoryMeter(child.pid).read()
        assert 80 * MEGABYTE < of_child < 300 * MEGABYTE
        assert MemoryMeter(os.getpid()).read() > of_child
        meter = MemoryMeter(child.pid)
        child.kill()
        child.wait()
        assert meter.read() == 0
    assert MemoryMeter(2**22 - 1).read() == 0
