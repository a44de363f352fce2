"""Resolved commands: the expression in RTL against the same sums in Python."""

import random
from typing import Any

import pytest
from amaranth.hdl import Array, Module, Signal
from amaranth.sim import Simulator
from tests.hw.isa.words import random_word
from tests.hw.rtl.commands import command_bits

from wingbeat.hw.isa.instructions import Instruction, Multiply, Store, System
from wingbeat.hw.rtl.command import COMMANDS, operands, resolve, resolved
from wingbeat.hw.sequencer import Registers

M = 1 << 32


@pytest.mark.parametrize("cls", COMMANDS, ids=lambda cls: cls.__name__)
def test_a_command_is_the_instruction_with_registers_added(cls: type[Instruction]) -> None:
    rng = random.Random(cls.__name__)
    word, numbers = Signal(cls.layout()), [Signal(32) for _ in range(32)]
    file = Array(numbers)
    sums = [(each.constant_of(word) + file[each.register_of(word)])[:32] for each in operands(cls)]
    command = Signal(resolved(cls))
    module = Module()
    module.d.comb += command.eq(resolve(cls, word, sums))

    async def bench(ctx: Any) -> None:
        for _ in range(60):
            instruction, registers = random_word(cls, rng), Registers()
            for index in range(32):
                registers[index] = rng.choice((rng.randrange(M), rng.randrange(16), M - 1, 0))
                ctx.set(numbers[index], registers[index])
            ctx.set(word.as_value(), instruction.to_bits())
            await ctx.delay(1e-9)
            assert ctx.get(command.as_value()) == command_bits(instruction, registers)

    simulator = Simulator(module)
    simulator.add_testbench(bench)
    simulator.run()


def test_what_is_resolved() -> None:
    assert [each.name for each in operands(System)] == ["a", "b", "vector"]
    assert resolved(Store)["position"].shape.width == 32
    assert "opcode" in dict(resolved(Multiply)) and "opcode" not in dict(resolved(Store))
