"""From a block of statements to a program with tokens, by the compiler's own synchroniser."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

from tests.sim.rtl.random_programs.builder import Block, Repeat
from tests.sim.rtl.random_programs.machines import MEMORY

from wingbeat.compiler.lower.code import Buffer, Loop, Step
from wingbeat.compiler.synchronise import Synchroniser
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT, Access, Space, accesses
from wingbeat.hw.isa.instructions import Instruction, Opcode, Scalar, System
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.hw.verify.loops import structure
from wingbeat.hw.verify.ranges import analyse

_LABEL_WORDS = 64
"""Words of memory whose accesses keep their order."""

_HALT = System(Opcode.SYS, operation=Scalar.HALT)


def instructions(block: Block) -> list[Instruction]:
    """The instructions of a block, in order."""
    found: list[Instruction] = []
    for item in block:
        if isinstance(item, Repeat):
            body = instructions(item.body)
            if body:
                found += [dataclasses.replace(item.head, length=len(body)), *body]
        else:
            found.append(item)
    return found


def ordered(block: Block, arguments: tuple[Argument, ...], config: AcceleratorConfig) -> Program:
    """Add what keeps the units in order: tokens for what the instructions may touch."""
    plain = Program((*instructions(block), _HALT), arguments)
    before = iter(analyse(plain, structure(plain)).before)
    places: dict[Buffer, int] = {}

    def steps(items: Block) -> list[Step | Loop]:
        found: list[Step | Loop] = []
        for item in items:
            if not isinstance(item, Repeat):
                registers = next(before)
                touched = accesses(item, registers, config) if registers else ()
                found.append(_step(item, list(touched), places))
            elif instructions(item.body):
                next(before)
                # the synchroniser passes the count on as it is
                found.append(Loop(cast(Any, item.head), steps(item.body)))
        return found

    body = steps(block)
    result = Synchroniser(body, places).run(body)
    return Program((*instructions(_block(result)), _HALT), arguments)


def _step(instruction: Instruction, touched: list[Access], places: dict[Buffer, int]) -> Step:
    views: dict[str, Buffer] = {}
    reads: set[str] = set()
    writes: set[str] = set()
    for access in touched:
        if access.space is Space.MEMORY:
            (writes if access.write else reads).update(_labels(access))
            continue
        buffer = Buffer(access.what, access.space, 1, access.stop - access.start)
        places[buffer] = access.start
        views[access.what] = buffer
    # the synchroniser replaces the masks: those that are there already are kept in `what`
    masks = f"{instruction.wait} {instruction.release}"
    return Step(instruction, masks, views, tuple(sorted(reads)), tuple(sorted(writes)))


def _labels(access: Access) -> Iterator[str]:
    region = MEMORY.find(access.start // WORDS_PER_BEAT, access.start // WORDS_PER_BEAT + 1)
    if region is not None and region.writable:
        first, last = access.start // _LABEL_WORDS, (access.stop - 1) // _LABEL_WORDS
        yield from (str(number) for number in range(first, last + 1))


def _block(steps: list[Step | Loop]) -> Block:
    block: Block = []
    for step in steps:
        if isinstance(step, Loop):
            block.append(Repeat(cast(System, step.count), _block(step.body)))
            continue
        masks = step.what.split()
        wait, release = map(int, masks) if len(masks) == 2 else (0, 0)
        item = step.instruction
        block.append(
            dataclasses.replace(item, wait=item.wait | wait, release=item.release | release)
        )
    return block
