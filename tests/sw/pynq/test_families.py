"""Both families of processing systems that PYNQ boards have, as PYNQ sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sw.board.memory_board import MemoryBoard
from tests.sw.pynq.far import Far

from wingbeat.boards.board import load_board
from wingbeat.boards.overlay.design import overlay_design
from wingbeat.boards.overlay.handoff import register_words
from wingbeat.boards.overlay.pair import write_simulation_pair
from wingbeat.hw.register_map import IDENTITY, RegisterMap
from wingbeat.sw.board.listening import Listening
from wingbeat.sw.board.server import BoardServer


@pytest.mark.parametrize(
    ("board", "architecture", "clock_mhz"),
    [("pynq_z2", "armv7l", 100.0), ("kv260", "aarch64", 299.997), ("zcu104", "aarch64", 299.997)],
)
def test_an_overlay_loads(
    far: Far, tmp_path: Path, board: str, architecture: str, clock_mhz: float
) -> None:
    design = overlay_design(load_board(board))
    hardware = MemoryBoard()
    digest = int(design.config.digest, 16)
    hardware.registers = {
        RegisterMap.IDENTITY.word(): IDENTITY,
        RegisterMap.DIGEST.word(0): digest & 0xFFFFFFFF,
        RegisterMap.DIGEST.word(1): digest >> 32,
    }
    server = BoardServer(design, hardware, Listening(port=0))
    try:
        bitstream = write_simulation_pair(design, tmp_path)
        found = far.overlay_of(str(bitstream), server.port)
    finally:
        server.stop()
    assert found["architecture"] == architecture
    assert found["blocks"] == ["leds_gpio", "ps", "wingbeat"]
    # what PYNQ has set, read back from the clock registers
    assert found["clock_mhz"] == pytest.approx(clock_mhz, rel=1e-3)
    assert found["registers"] == len(list(register_words()))
