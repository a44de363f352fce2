"""Errors on the bus and resets in the midst of it; `test_program.py` runs these tests, too."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiResp
from tests.cocotb.bench import reset
from tests.cocotb.machine.board import Board
from tests.cocotb.machine.machines import PROMPT, definition, image

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.register_map import RegisterMap

R = RegisterMap

REPORTERS = {"program": Unit.SYS, "tokens": Unit.LD, "weights": Unit.MPE, "cache": Unit.ST}
"""Unit that reports an error in the first beat of a place."""


@cocotb.test()
@cocotb.parametrize(response=[AxiResp.SLVERR, AxiResp.DECERR])
async def a_bus_error_ends_the_run(dut: Any, response: AxiResp) -> None:
    """Registers and control block name error and unit; then the same start gives the same bytes."""
    board = Board(dut, image(), watched=False)
    await board.power_up()
    for place, unit in REPORTERS.items():
        first = board.place(place)
        board.fail(range(first, first + BEAT_BYTES), response)
        await board.start(PROMPT, 1)
        await board.finish()
        assert await board.host.read(R.STATE) == State.FAILED.value, place
        found = await board.host.read(R.ERROR), await board.host.read(R.ERROR_UNIT)
        assert found == (ErrorCode.MEMORY_BUS.value, unit.value), place
        assert (board.control("error"), board.control("error_unit")) == found, place
    board.fail(range(0))
    await check(board)


@cocotb.test()
@cocotb.parametrize(channel=["r", "w"])
async def a_reset_in_mid_burst(dut: Any, channel: str) -> None:
    """The machine is as new: it waits for its registers, and then gives the same bytes."""
    board = Board(dut, image())
    await board.power_up()
    await board.start(PROMPT, 1)
    await ClockCycles(dut.clk, 2000)
    await with_timeout(mid_burst(dut, channel), 100, "us")
    await reset(dut)
    assert await board.host.read(R.STATE) == State.IDLE.value
    assert await board.host.read(R.CYCLES) == 0
    await board.configure()
    await check(board)
    for monitor in board.monitors:
        monitor.rules.finish()


async def mid_burst(dut: Any, channel: str) -> None:
    """Wait for a word on port 0 behind which its burst goes on."""
    valid, ready, last = (
        getattr(dut, f"memory_0_{channel}{wire}") for wire in ("valid", "ready", "last")
    )
    while True:
        await RisingEdge(dut.clk)
        if valid.value and ready.value and not last.value:
            return


async def check(board: Board) -> None:
    """A run from the beginning writes the bytes of the ISA machine."""
    await board.start(PROMPT, 1)
    await board.finish()
    assert await board.host.read(R.STATE) == State.FINISHED.value
    board.take_tokens()
    assert board.writable() == definition()
