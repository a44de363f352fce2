"""Registers of the whole machine over AXI4-Lite; `test_program.py` runs these tests, too."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiResp
from tests.cocotb import pauses
from tests.cocotb.bench import start
from tests.cocotb.host import Host
from tests.cocotb.machine.board import Board
from tests.cocotb.machine.machines import image

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import ISA_VERSION, Unit
from wingbeat.hw.register_map import ARGUMENTS, IDENTITY, Control, Interrupt, RegisterMap

R = RegisterMap

NOTHING = ([1], 0, 1)
"""A prompt that has been read already, and no tokens to generate: a run of 200 cycles."""


@cocotb.test()
async def what_it_is(dut: Any) -> None:
    """Identity, versions, and a state in which nothing has run."""
    host = Host(dut)
    await start(dut)
    config = image().manifest.config
    assert await host.read(R.IDENTITY) == IDENTITY
    assert await host.read(R.ISA_VERSION) == ISA_VERSION
    words = [await host.read(R.DIGEST, index) for index in range(2)]
    assert f"{words[1] << 32 | words[0]:016x}" == config.digest
    assert await host.read(R.CONTROL) == Control.IDLE
    assert await host.read(R.STATE) == State.IDLE.value
    assert await host.read(R.ERROR) == ErrorCode.NONE.value
    counters = [(R.CYCLES, 1), (R.RETIRED, 1), (R.BUSY, len(Unit)), (R.BEATS, config.ports)]
    assert not any([await host.read(r, index) for r, count in counters for index in range(count)])


@cocotb.test()
@cocotb.parametrize(pattern=pauses.ALL)
async def what_is_written_is_read(dut: Any, pattern: pauses.Pauses) -> None:
    """Many accesses at once, with pauses on all five channels."""
    host = Host(dut)
    write, read = host.manager.write_if, host.manager.read_if
    channels = (
        write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel,
    )  # fmt: skip
    for seed, channel in enumerate(channels):
        channel.set_pause_generator(pattern(seed))
    await start(dut)
    rng = random.Random(4)
    words = [rng.randbytes(4) for _ in range(ARGUMENTS)]
    events = [
        host.manager.init_write(R.ARGUMENT.word(index), word) for index, word in enumerate(words)
    ]
    for event in events:
        await with_timeout(event.wait(), 20, "us")
    answer = await with_timeout(host.manager.read(R.ARGUMENT.word(), 4 * ARGUMENTS), 100, "us")
    assert answer.data == b"".join(words)


@cocotb.test()
@cocotb.parametrize(first=["aw", "w"])
async def either_half_of_a_write_may_come_first(dut: Any, first: str) -> None:
    """Nothing is written before both are there."""
    host = Host(dut)
    write = host.manager.write_if
    late = {"aw": write.w_channel, "w": write.aw_channel}[first]
    await start(dut)
    await host.write(R.WATCHDOG, 1)
    late.pause = True
    event = host.manager.init_write(R.WATCHDOG.word(), bytes([2, 0, 0, 0]))
    await ClockCycles(dut.clk, 20)
    assert getattr(dut, f"control_{first}valid").value
    assert await host.read(R.WATCHDOG) == 1
    late.pause = False
    await with_timeout(event.wait(), 1, "us")
    assert await host.read(R.WATCHDOG) == 2


@cocotb.test()
async def a_write_of_part_of_a_word_is_refused(dut: Any) -> None:
    """Every combination of neighbouring bytes: SLVERR, and nothing changes."""
    host = Host(dut)
    await start(dut)
    await host.write(R.PROGRAM, 0x12345678)
    for first in range(4):
        for size in range(1, 5 - first):
            if size < 4:
                response = await host.write_bytes(R.PROGRAM.word() + first, bytes(size))
                assert response == AxiResp.SLVERR
    assert await host.read(R.PROGRAM) == 0x12345678
    await host.write(R.PROGRAM, 9)
    assert await host.read(R.PROGRAM) == 9


@cocotb.test()
async def where_no_register_is(dut: Any) -> None:
    """Writes are taken and forgotten, reads give zero; what is only read is not written."""
    host = Host(dut)
    await start(dut)
    for offset in (0x024, 0x03C, 0x1FC, 0x228, 0x3FC, 0x400, 0xFFC):
        assert await host.write_bytes(offset, b"\xff" * 4) == AxiResp.OKAY
        assert await host.read_word(offset) == 0
    await host.write(R.IDENTITY, 0)
    assert await host.read(R.IDENTITY) == IDENTITY


@cocotb.test()
async def a_host_may_watch_a_run(dut: Any) -> None:
    """Reads during a run change nothing; the counters grow; the interrupt comes at the end."""
    board = Board(dut, image(), watched=False)
    host = board.host
    await board.power_up()
    await board.start(*NOTHING)
    cycles = grew = 0
    while await host.read(R.STATE) == State.RUNNING.value:
        interrupt = dut.irq.value
        if await host.read(R.CONTROL) != Control.START:
            break  # it has ended since
        assert not interrupt
        now = await host.read(R.CYCLES)
        assert now >= cycles  # they do not grow while the end is reported
        grew += now > cycles
        cycles = now
    assert grew > 1
    assert await host.read(R.STATE) == State.FINISHED.value
    assert dut.irq.value


@cocotb.test()
async def interrupts(dut: Any) -> None:
    """An end is noted if it is enabled, shown if interrupts are on, until it is acknowledged."""
    board = Board(dut, image(), watched=False)
    host = board.host
    await board.power_up()
    await board.start(*NOTHING)
    await with_timeout(RisingEdge(dut.irq), 500, "us")
    assert await host.read(R.INTERRUPT_STATUS) == Interrupt.DONE
    await ClockCycles(dut.clk, 50)
    assert dut.irq.value
    await host.write(R.GLOBAL_INTERRUPT, 0)
    assert not dut.irq.value
    await host.write(R.GLOBAL_INTERRUPT, 1)
    await host.write(R.INTERRUPT_STATUS, Interrupt.DONE)
    assert not dut.irq.value
    assert await host.read(R.INTERRUPT_STATUS) == 0

    await host.write(R.INTERRUPT_ENABLE, 0)
    await board.start(*NOTHING)
    while not await host.read(R.CONTROL) & Control.DONE:
        assert not dut.irq.value
    assert await host.read(R.INTERRUPT_STATUS) == 0
