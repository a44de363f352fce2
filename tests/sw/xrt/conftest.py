from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sim.rtl.test_machine import CONFIGURATIONS
from tests.sim.runner import compiled
from tests.sw.xrt.faulty import FaultyBoard

from wingbeat.boards.xclbin.emulation import MEMORY_START
from wingbeat.compiler.image import Image
from wingbeat.sim.rtl.board import SimulatedBoard
from wingbeat.sim.xrt.card import EmulatedCard
from wingbeat.sw.xrt.library import LIBRARY

XRT = Path(__file__).parents[3] / ".xrt"
"""Where `make test` puts Debian's libxrt1."""

MEMORY = 16 << 20


@pytest.fixture(scope="session")
def installed() -> Path:
    if "XILINX_XRT" in os.environ:
        return Path(os.environ["XILINX_XRT"])
    if not (XRT / "lib" / LIBRARY).exists():
        pytest.skip(
            "XRT is not installed: `make test` puts Debian's libxrt1 into .xrt if apt has it"
        )
    return XRT


@pytest.fixture(scope="session")
def image() -> Image:
    """tiny.gguf for one lane, with two slots."""
    return compiled(context=64, slots=2, **CONFIGURATIONS["one lane"])


@pytest.fixture(scope="session")
def machine(image: Image) -> Iterator[FaultyBoard]:
    with SimulatedBoard(image.manifest.config, MEMORY, MEMORY_START) as board:
        yield FaultyBoard(board)


@pytest.fixture
def board(machine: FaultyBoard) -> Iterator[FaultyBoard]:
    """The RTL, whole again."""
    yield machine
    machine.heal()
    machine.board.ports[0].inject(None)


@pytest.fixture
def environment(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XRT is installed, and knows of no card yet."""
    monkeypatch.setenv("XILINX_XRT", str(installed))
    monkeypatch.delenv("WINGBEAT_XCLBIN", raising=False)


@pytest.fixture
def card(
    board: FaultyBoard,
    image: Image,
    environment: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[EmulatedCard]:
    """An emulated card 0 with the RTL on it."""
    with EmulatedCard(board, image.manifest.config, MEMORY, tmp_path) as card:
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        yield card
