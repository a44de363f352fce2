"""Unmodified PYNQ streams from the RTL what every other machine streams."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.sim.runner import TINY
from tests.sw.pynq.conftest import Served
from tests.sw.pynq.far import PYTHON, ROOT, Far
from tests.sw.pynq.far_side import PROMPT

from wingbeat.boards.overlay.design import Design
from wingbeat.boards.overlay.pair import write_simulation_pair
from wingbeat.compiler.image import Image
from wingbeat.hw.register_map import IDENTITY
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.llm import LLM
from wingbeat.sw.session import Session


def generated(device: Device, image: Image, count: int) -> tuple[list[int], int]:
    device.load(image)
    return list(Session(device, image).generate(PROMPT, count)), device.cycles


def test_tokens_and_cycles_are_those_of_the_other_machines(
    served: Served, far: Far, image: Image, path: Path
) -> None:
    far.open(served.address)
    far.load(str(path))
    tokens, cycles = far.generate(6)
    assert (tokens, cycles) == generated(RtlDevice(), image, 6)
    assert tokens == generated(IsaDevice(), image, 6)[0]


def test_on_the_board_itself_the_driver_takes_the_local_ways(
    served: Served, far: Far, image: Image, path: Path
) -> None:
    assert far.open_on_board(served.server.port) == "pynq"
    far.load(str(path))
    tokens, cycles = far.generate(3)
    assert (tokens, cycles) == generated(RtlDevice(), image, 3)


def test_a_token_costs_few_words(served: Served, far: Far, path: Path) -> None:
    far.open(served.address)
    far.load(str(path))
    far.generate(6)
    before = far.traffic()
    far.generate(6)
    after = far.traffic()
    # what a start costs, and what 6 tokens do; polls that find nothing are the device's own time
    assert after["register_writes"] - before["register_writes"] <= 6
    assert after["memory_writes"] - before["memory_writes"] <= 4


def test_a_text_is_the_same_by_name(served: Served, far: Far, path: Path) -> None:
    with LLM(path, "isa") as model:
        wanted = "".join(model.stream("ROMEO.", max_tokens=5))
    text, _ = far.text(served.address, str(path), "ROMEO.", 5)
    assert text == wanted


def test_a_user_of_pynq_needs_only_the_overlay(
    served: Served, far: Far, path: Path, design: Design, tmp_path: Path
) -> None:
    bitstream = write_simulation_pair(design, tmp_path)
    with LLM(path, "isa") as model:
        wanted = "".join(model.stream("ROMEO.", max_tokens=3))
    found = far.use_overlay(str(bitstream), served.server.port, str(path), "ROMEO.", 3)
    assert found["driver"] == "WingbeatIP"
    assert found["identity"] == IDENTITY
    assert found["texts"] == [wanted, wanted]
    assert found["address"] % 4096 == 0
    assert found["shares"][-1] == 1.0
    assert all(value > 0 for value in found["throughput"].values())


def test_pynqs_own_self_test_passes(
    served: Served, far: Far, design: Design, tmp_path: Path
) -> None:
    bitstream = write_simulation_pair(design, tmp_path)
    command = [str(PYTHON.parent / "pynq-remote-selftest"), "--ip", "127.0.0.1"]
    command += ["--port", str(served.server.port), "--bitstream", str(bitstream)]
    done = subprocess.run(
        ["flock", far.lock(), *command], capture_output=True, text=True, timeout=120, check=False
    )
    assert "summary: 11 passed, 0 failed, 0 skipped" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_the_notebook_runs(served: Served, far: Far, path: Path, tmp_path: Path) -> None:
    with LLM(path, "isa") as model:
        wanted = "".join(model.stream("ROMEO.", max_tokens=8))
    examples = tmp_path / "examples"
    examples.mkdir()
    (tmp_path / "tests" / "models").mkdir(parents=True)
    (tmp_path / "tests" / "models" / "tiny.gguf").symlink_to(TINY)
    outputs = far.notebook(str(ROOT / "examples" / "pynq.ipynb"), str(examples), served.server.port)
    assert wanted in "".join(outputs)
    assert any("wingbeat-simulation" in output for output in outputs)
