from __future__ import annotations

import numpy as np
import pytest
from tests.hw.rtl.serial.line import MEMORY_UNITS, Line

from wingbeat.hw.serial_frame import MOST_WORDS, Operation, Reply, crc, header
from wingbeat.sim.rtl.memory import Answer, Fault, MemoryPort

START, SIZE = 0x7_0000_0000, 1 << 16
DAMAGED = bytes([Reply.DAMAGED.value])


class Rig:
    """A line with memory of random bytes and registers that remember."""

    def __init__(self) -> None:
        self.bytes = np.random.default_rng(4).integers(0, 256, SIZE, np.uint8)
        self.memory = MemoryPort({START: self.bytes})
        self.registers = {4 * i: 0x1000_0001 * i for i in range(300)}
        self.resets = 0
        self.line = Line(
            self.memory, self.registers.__getitem__, self.registers.__setitem__, self._reset
        )

    def _reset(self) -> None:
        self.resets += 1

    def ask(
        self, operation: Operation, address: int = 0, words: int = 1, data: bytes = b""
    ) -> tuple[Reply, bytes]:
        message = header(operation, address, words) + (data + crc(data) if data else b"")
        answer = self.line.ask(message)
        assert crc(answer[:-2]) == answer[-2:]
        return Reply(answer[0]), answer[1:-2]


@pytest.fixture(scope="module")
def rig() -> Rig:
    return Rig()


def test_the_size_of_memory_is_told(rig: Rig) -> None:
    assert rig.ask(Operation.DESCRIBE) == (Reply.DONE, MEMORY_UNITS.to_bytes(4, "little"))


def test_registers_are_read_and_written(rig: Rig) -> None:
    data = bytes(range(12))
    assert rig.ask(Operation.WRITE_REGISTER, 0x40, 3, data) == (Reply.DONE, b"")
    assert [rig.registers[0x40 + 4 * i].to_bytes(4, "little") for i in range(3)] == [
        data[:4], data[4:8], data[8:]
    ]  # fmt: skip
    assert rig.ask(Operation.READ_REGISTER, 0x40, 3) == (Reply.DONE, data)
    assert rig.registers[0x4C] == 0x1000_0001 * 19


@pytest.mark.parametrize(("offset", "words"), [(0, 1), (4092, 3), (8, MOST_WORDS), (SIZE - 4, 1)])
def test_memory_is_read_and_written(rig: Rig, offset: int, words: int) -> None:
    before = rig.bytes.copy()
    wanted = before[offset : offset + 4 * words].tobytes()
    assert rig.ask(Operation.READ_MEMORY, START + offset, words) == (Reply.DONE, wanted)
    data = np.random.default_rng(words).integers(0, 256, 4 * words, np.uint8)
    assert rig.ask(Operation.WRITE_MEMORY, START + offset, words, data.tobytes())[0] is Reply.DONE
    before[offset : offset + 4 * words] = data
    assert (rig.bytes == before).all()


def test_an_accelerator_is_reset_when_that_is_asked_for(rig: Rig) -> None:
    before = rig.resets
    assert rig.ask(Operation.RESET) == (Reply.DONE, bytes(4))
    assert rig.resets == before + 1


def test_every_damaged_bit_of_a_request_is_noticed_and_nothing_done(rig: Rig) -> None:
    data = b"\x01\x23\x45\x67"
    message = header(Operation.WRITE_MEMORY, START, 1) + data + crc(data)
    before, registers = rig.bytes.copy(), dict(rig.registers)
    for bit in range(8 * len(message)):
        damaged = bytearray(message)
        damaged[bit // 8] ^= 1 << bit % 8
        answer = rig.line.ask(bytes(damaged))
        assert answer == DAMAGED + crc(DAMAGED), bit
        assert (rig.bytes == before).all()
    assert rig.registers == registers
    assert rig.line.ask(message)[0] == Reply.DONE.value


def test_an_unknown_operation_is_refused(rig: Rig) -> None:
    fields = bytes([77, 0, 0, 0, 0, 0, 0])
    assert rig.line.ask(fields + crc(fields)) == DAMAGED + crc(DAMAGED)


def test_silence_ends_a_request_that_is_cut_short(rig: Rig) -> None:
    message = header(Operation.READ_MEMORY, START, 1)
    for length in range(1, len(message)):
        assert rig.line.send(message[:length]) + rig.line.silence(4) == b""
        assert rig.ask(Operation.READ_MEMORY, START)[0] is Reply.DONE
    data = bytes(8)
    cut = header(Operation.WRITE_MEMORY, START, 2) + data
    assert rig.line.ask(cut) == DAMAGED + crc(DAMAGED)
    assert rig.ask(Operation.READ_MEMORY, START)[0] is Reply.DONE


@pytest.mark.parametrize("operation", [Operation.READ_MEMORY, Operation.WRITE_MEMORY])
def test_an_error_of_the_bus_is_reported(rig: Rig, operation: Operation) -> None:
    data = bytes(16) if operation is Operation.WRITE_MEMORY else b""
    rig.memory.inject(Fault(Answer.SLVERR, writes=bool(data), after=2))
    assert rig.ask(operation, START, 4, data) == (Reply.BUS_ERROR, b"")
    rig.memory.inject(None)
    assert rig.ask(operation, START, 4, data)[0] is Reply.DONE


def test_outside_of_memory_is_an_error_of_the_bus(rig: Rig) -> None:
    assert rig.ask(Operation.READ_MEMORY, START - 4, 1) == (Reply.BUS_ERROR, b"")
