"""What can go wrong while a program runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.sw.pynq.conftest import Served
from tests.sw.pynq.far import Far
from tests.sw.pynq.faults import message

from wingbeat.compiler.image import Image
from wingbeat.hw.control import ControlBlock
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.register_map import RegisterMap
from wingbeat.sim.rtl.memory import Answer, Fault


@pytest.fixture
def tokens(served: Served, far: Far, path: Path) -> list[int]:
    """What is generated when nothing is broken; the image stays loaded."""
    far.open(served.address)
    far.load(str(path))
    found: list[int] = far.generate(4)[0]
    return found


def image_base(served: Served) -> int:
    """Where the image begins in device memory."""
    return served.hardware.read_register(RegisterMap.MEMORY_BASE.word())


@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("answer", [Answer.SLVERR, Answer.DECERR], ids=["SLVERR", "DECERR"])
def test_a_bus_error(
    served: Served, far: Far, tokens: list[int], writes: bool, answer: Answer
) -> None:
    served.hardware.ports[0].inject(Fault(answer, writes, after=20))
    text = message(far, "generate", 4)
    assert re.search(r"stopped at instruction \d+ of unit \d with error MEMORY_BUS", text)
    served.hardware.ports[0].inject(None)
    assert far.generate(4)[0] == tokens


def test_a_memory_that_never_answers(
    served: Served, far: Far, path: Path, tokens: list[int]
) -> None:
    served.hardware.ports[0].inject(Fault(Answer.NEVER, after=200))
    text = message(far, "generate", 4, 1.0)
    assert re.search(
        r"must make progress within 1 s, and is RUNNING .*; registers: RUNNING, error \w+ at "
        r"instruction \d+ of \w+, \d+ instructions in \d+ cycles; units: LD \w+, ST \w+, MPE \w+",
        text,
    )
    served.hardware.ports[0].inject(None)
    far.load(str(path))
    assert far.generate(4)[0] == tokens


def test_a_program_that_hangs_is_ended_by_the_watchdog(
    served: Served, far: Far, path: Path, tokens: list[int]
) -> None:
    served.hardware.write_register(RegisterMap.WATCHDOG.word(), 100)
    text = message(far, "generate", 4)
    assert re.search(r"stopped at instruction \d+ of unit \d with error WATCHDOG", text)
    far.load(str(path))
    assert far.generate(4)[0] == tokens


def test_a_program_that_is_damaged_in_memory(
    served: Served, far: Far, path: Path, image: Image, tokens: list[int]
) -> None:
    place = image_base(served) + image.memory.program_start * BEAT_BYTES
    served.hardware.write_memory(place, b"\xff" * 64)
    text = message(far, "generate", 4, 2.0)
    assert "with error ILLEGAL_INSTRUCTION" in text
    far.load(str(path))
    assert far.generate(4)[0] == tokens


def test_a_ring_that_claims_too_much(
    served: Served, far: Far, path: Path, image: Image, tokens: list[int]
) -> None:
    far.begin(30)
    control = image_base(served) + image.memory["control"].start * BEAT_BYTES
    head = control + 4 * ControlBlock.word("head")
    # the machine must not put it right before the host looks
    served.hardware.ports[0].inject(Fault(Answer.NEVER, writes=True))
    served.hardware.write_memory(head, (0x1234).to_bytes(4, "little"))
    assert "must hold 64 tokens at most" in message(far, "rest")
    served.hardware.ports[0].inject(None)
    far.load(str(path))
    assert far.generate(4)[0] == tokens


def test_a_control_block_of_garbage(
    served: Served, far: Far, path: Path, image: Image, tokens: list[int]
) -> None:
    far.begin(40)
    served.hardware.ports[0].inject(Fault(Answer.NEVER, writes=True))
    control = image_base(served) + image.memory["control"].start * BEAT_BYTES
    state = control + 4 * ControlBlock.word("state")
    served.hardware.write_memory(state, (77).to_bytes(4, "little"))
    assert "must be in a state that there is, not 77" in message(far, "rest")
    served.hardware.ports[0].inject(None)
    far.load(str(path))
    assert far.generate(4)[0] == tokens


def test_a_reader_that_leaves_early(served: Served, far: Far, tokens: list[int]) -> None:
    far.begin(40)
    far.stop()
    assert far.generate(4)[0] == tokens


def test_a_reset_from_elsewhere(served: Served, far: Far, path: Path, tokens: list[int]) -> None:
    far.begin(40, 1.0)
    served.hardware.reset()
    assert re.search(r"must make progress within 1 s.*; registers: IDLE", message(far, "rest"))
    far.load(str(path))
    assert far.generate(4)[0] == tokens
