"""Assembly: buffers become addresses, loops become LOOP instructions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from wingbeat.compiler.lower.code import Buffer, Loop, Step
from wingbeat.compiler.lower.registers import R
from wingbeat.hw.isa.instructions import Instruction, Opcode, Scalar, System


@dataclasses.dataclass(frozen=True)
class Assembled:
    """Instructions, and what each is for."""

    instructions: tuple[Instruction, ...]
    purposes: tuple[str, ...]


def assemble(body: list[Step | Loop], places: Mapping[Buffer, int]) -> Assembled:
    """Flatten a program.

    Parameters
    ----------
    body : synchronised program
    places : address of every buffer
    """
    instructions: list[Instruction] = []
    purposes: list[str] = []

    def visit(items: list[Step | Loop]) -> None:
        for item in items:
            if isinstance(item, Step):
                instructions.append(_placed(item, places))
                purposes.append(item.what)
                continue
            at = len(instructions)
            instructions.append(System(Opcode.SYS))
            purposes.append("loop")
            visit(item.body)
            in_register = isinstance(item.count, R)
            instructions[at] = System(
                Opcode.SYS,
                operation=Scalar.LOOP,
                a=item.count if in_register else R.ZERO,
                immediate=0 if in_register else item.count,
                length=len(instructions) - at - 1,
            )

    visit(body)
    return Assembled(tuple(instructions), tuple(purposes))


def _placed(step: Step, places: Mapping[Buffer, int]) -> Instruction:
    changes: dict[str, Any] = {}
    for field, buffer in step.views.items():
        view = getattr(step.instruction, field)
        changes[field] = dataclasses.replace(view, base=view.base + places[buffer])
    return dataclasses.replace(step.instruction, **changes)
