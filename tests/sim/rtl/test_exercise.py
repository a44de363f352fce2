"""The program that builds practise with."""

import dataclasses
from pathlib import Path

import pytest

from wingbeat.boards.board import load_board
from wingbeat.hw.errors import CompileError
from wingbeat.hw.isa.instructions import Unit
from wingbeat.sim.isa.machine import Machine
from wingbeat.sim.rtl import exercise as subject
from wingbeat.sim.rtl.prepared import Model


@pytest.mark.parametrize("board", ["sim1", "sim4", "sim4s"])
def test_it_uses_every_unit_and_ends(board: str) -> None:
    config = load_board(board).accelerator
    made = subject.exercise(config)
    machine = Machine(config, made.program, made.memory)
    machine.trace = []
    assert len(list(machine.run(subject.ARGUMENTS))) == subject.ARGUMENTS["generate"]
    assert {retired.unit for retired in machine.trace} == set(Unit)


def test_a_machine_that_is_too_small_for_it_does_not_practise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large = dataclasses.replace(subject.SHAPE, hidden=1 << 16, ffn=1 << 16)
    monkeypatch.setattr(subject, "SHAPE", large)
    config = load_board("sim1").accelerator
    with pytest.raises(CompileError):
        subject.exercise(config)
    subject.practise(config, Model(Path("none"), {}))  # would not load
