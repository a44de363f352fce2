"""The whole machine between bus models runs a model, and writes what the definition says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cocotb
import pytest
from tests.cocotb import pauses
from tests.cocotb.build import prepared
from tests.cocotb.machine.board import Board
from tests.cocotb.machine.machines import MACHINES, PROMPT, VARIABLE, definition, image
from tests.cocotb.simulation import WAVES, simulate

from wingbeat.hw.control import State
from wingbeat.hw.register_map import Control, RegisterMap
from wingbeat.hw.rtl.accelerator import Accelerator

R = RegisterMap
MODULES = ("test_program", "test_registers", "test_faults")


@pytest.mark.parametrize("name", MACHINES)
def test_machine(name: str, tmp_path: Path) -> None:
    config = image(name).manifest.config
    program = prepared(f"accelerator {config.digest}", lambda: Accelerator(config), waves=WAVES)
    modules = ",".join(f"tests.cocotb.machine.{module}" for module in MODULES)
    simulate(program, modules, tmp_path, {VARIABLE: name})


@cocotb.test()
@cocotb.parametrize(pattern=[pauses.randomly, pauses.in_bursts])
async def a_program_writes_the_same_bytes(dut: Any, pattern: pauses.Pauses) -> None:
    """Every byte that it may write, whatever the memories' pauses."""
    board = Board(dut, image())
    for port, memory in enumerate(board.memories):
        memory.pause(pattern, seed=10 * port)
    await board.power_up()
    await board.start(PROMPT, 1)
    await board.finish()
    board.take_tokens()
    assert board.writable() == definition()
    await check_record(board)


async def check_record(board: Board) -> None:
    """The registers tell of the run what the monitors saw."""
    host = board.host
    assert await host.read(R.STATE) == State.FINISHED.value
    assert await host.read(R.CONTROL) == Control.DONE | Control.IDLE | Control.READY
    assert await host.read(R.CONTROL) == Control.IDLE  # DONE is cleared when it is read
    beats_per_word = max(1, board.image.manifest.config.port_bits // 128)
    for port, monitor in enumerate(board.monitors):
        monitor.rules.finish()
        assert await host.read(R.BEATS, port) == monitor.rules.words * beats_per_word
        bursts = [*monitor.rules.reads, *monitor.rules.writes]
        assert min(burst.address for burst in bursts) >= board.base(port)
