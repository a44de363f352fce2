import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from tests.compiler.frontend.gguf_builder import SMALL
from tests.sim.runner import TINY
from tests.sw.cli.terminal import wingbeat

from wingbeat.compiler.image import load_image
from wingbeat.hw.formats import Q4_0
from wingbeat.sw.cli import compile
from wingbeat.sw.shapes import SHAPES, Shape

SIM = ["--board", "sim4", "--context", "64"]


def test_an_image_and_its_report(tmp_path: Path) -> None:
    image, report = tmp_path / "a.safetensors", tmp_path / "a.json"
    ended = wingbeat("compile", TINY, *SIM, "-o", image, "--slots", "2", "--report", report)
    assert ended.code == 0
    assert "tiny on sim4" in ended.out
    assert f"{image.stat().st_size:,} bytes" in ended.err.replace("\n", "")
    program = load_image(image).manifest.program
    assert (program.context, program.slots) == (64, 2)
    assert json.loads(report.read_text())["board"] == "sim4"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.safetensors"]


def test_json_is_the_report(tmp_path: Path) -> None:
    image, report = tmp_path / "a.safetensors", tmp_path / "a.json"
    ended = wingbeat("compile", TINY, *SIM, "-o", image, "--report", report, "--json")
    found, kept = json.loads(ended.out), json.loads(report.read_text())
    assert found == kept
    assert found["program"]["instructions"] == len(load_image(image).program.instructions)


def test_two_compilations_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        assert wingbeat("compile", TINY, *SIM, "-o", tmp_path / name).code == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.fixture
def toy_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shape that is quickly planned."""
    changes: dict[str, Any] = {"hidden": 128, "head_dim": 32, "rope_divisors": (1.0,) * 16}
    monkeypatch.setitem(SHAPES, "toy", Shape(dataclasses.replace(SMALL, **changes), Q4_0))


def test_sparse_weights_are_stored_and_reported(tmp_path: Path) -> None:
    sizes = {}
    for name, options in (("dense", []), ("sparse", ["--sparse", "8"])):
        image = tmp_path / name
        ended = wingbeat(
            "compile", TINY, "--board", "sim4s", "--context", "64", "-o", image, *options
        )
        assert ended.code == 0
        sizes[name] = image.stat().st_size
    assert sizes["sparse"] < 0.8 * sizes["dense"]
    assert "int4g32s 8:16" in ended.out


@pytest.mark.parametrize(("options", "reason"), [
    (["--board", "sim4", "--sparse", "8"], "must have a sparse one of signed codes"),
    (["--board", "sim4s", "--sparse", "5"], "must be one of 2, 4, 8, not 5"),
])  # fmt: skip
def test_sparse_weights_that_cannot_be(tmp_path: Path, options: list[str], reason: str) -> None:
    ended = wingbeat("compile", TINY, "-o", tmp_path / "a", *options)
    assert ended.code == 1
    assert reason in " ".join(ended.err.split())


@pytest.mark.usefixtures("toy_shape")
def test_a_sparse_shape_reads_fewer_bytes() -> None:
    found = [
        json.loads(wingbeat("compile", "--shape", "toy", "--board", "sim4s", "--json", *more).out)
        for more in ((), ("--sparse", "4"))
    ]
    dense, sparse = (report["phases"][0]["bytes_per_token"]["weights"] for report in found)
    assert sparse < 0.6 * dense


@pytest.mark.usefixtures("toy_shape")
def test_a_shape_needs_no_weights() -> None:
    found = json.loads(wingbeat("compile", "--shape", "toy", "--board", "sim4", "--json").out)
    assert (found["model"], found["board"]) == ("toy", "sim4")
    assert found["program"]["instructions"] > 0
    assert all(phase["cycles"] > 0 for phase in found["phases"])


@pytest.mark.parametrize(("words", "reason"), [
    ([], "a model or a --shape, and not both"),
    ([str(TINY), "--shape", "llama2-7b"], "and not both"),
    ([str(TINY), *SIM], "--output must say where"),
    (["--shape", "llama2-7b", "-o", "x"], "--output must go with a model"),
    (["--shape", "gpt9"], "llama2-7b, not `gpt9`"),
    ([str(TINY), "-o", "x", "--board", "no"], "not `no`"),
    ([str(TINY), "-o", "x", "--context", "0"], "context"),
    ([str(TINY), "-o", "x", "--context", "-4"], "context"),
    ([str(TINY), "-o", "x", "--slots", "0"], "slots"),
    ([str(TINY), "-o", "x", "--context", "100000"], "context"),
])  # fmt: skip
def test_what_cannot_be_compiled_is_one_sentence(
    words: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert reason in wingbeat("compile", *words).complaint
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("mine")
    found = wingbeat("compile", TINY, *SIM, "-o", blocked / "a.safetensors").complaint
    assert "must be writable" in found
    assert blocked.read_text() == "mine"
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "must be writable" in wingbeat("compile", TINY, *SIM, "-o", folder).complaint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert list(folder.iterdir()) == []


def test_places_are_looked_at_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile, "compile_model", None)
    image, mine = tmp_path / "a.safetensors", tmp_path / "mine"
    mine.write_text("mine")
    for report in (tmp_path, mine / "a.json", tmp_path / "none" / "a.json", Path("a" * 300)):
        complaint = wingbeat("compile", TINY, *SIM, "-o", image, "--report", report).complaint
        assert complaint.startswith(f"report `{report}` must be writable: ")
    for output in (tmp_path, mine / "image", Path("a" * 300)):
        complaint = wingbeat("compile", TINY, *SIM, "-o", output, "--report", mine).complaint
        assert complaint.startswith(f"image `{output}` must be writable: ")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert mine.read_text() == "mine"


@pytest.mark.usefixtures("toy_shape")
def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    ended = wingbeat("compile", "--shape", "toy", "--board", "sim4", "--report", tmp_path)
    assert ended.complaint == f"report `{tmp_path}` must be writable: Is a directory"
