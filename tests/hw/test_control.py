"""The control block as a host sees it: words in memory."""

import struct

from wingbeat.hw.control import (
    CONTROL_WORDS,
    RING_ENTRIES,
    RING_WORD,
    ControlBlock,
    ErrorCode,
    State,
)

ORDER = ["head", "tail", "abort", "heartbeat", "state", "error", "error_pc", "error_unit"]


def test_every_field_is_one_word_in_the_documented_order() -> None:
    assert [ControlBlock.word(name) for name in ORDER] == list(range(8))
    assert ControlBlock.width() == 8 * 32


def test_the_block_is_little_endian_words() -> None:
    block = ControlBlock(1, 2, 3, 0xFFFFFFFF, State.FAILED, ErrorCode.WATCHDOG, 7, 4)
    found = block.to_bits().to_bytes(32, "little")
    assert found == struct.pack("<8I", 1, 2, 3, 0xFFFFFFFF, 4, 5, 7, 4)
    assert ControlBlock.from_bits(int.from_bytes(found, "little")) == block


def test_cleared_memory_is_an_idle_device_without_error() -> None:
    assert ControlBlock.from_bits(0) == ControlBlock()
    assert ControlBlock().state is State.IDLE
    assert ControlBlock().error is ErrorCode.NONE


def test_codes_that_hosts_know_never_change() -> None:
    assert [state.name for state in sorted(State, key=lambda state: state.value)] == [
        "IDLE",
        "RUNNING",
        "FINISHED",
        "ABORTED",
        "FAILED",
    ]
    assert {code.name: code.value for code in ErrorCode} == {
        "NONE": 0,
        "ILLEGAL_INSTRUCTION": 1,
        "ADDRESS": 2,
        "OPERAND": 3,
        "MEMORY_BUS": 4,
        "WATCHDOG": 5,
    }


def test_the_ring_begins_on_a_beat_behind_the_block() -> None:
    assert RING_WORD >= 8
    assert RING_WORD % 4 == 0
    assert CONTROL_WORDS == RING_WORD + RING_ENTRIES


def test_a_head_that_wraps_keeps_its_place_in_the_ring() -> None:
    """Else the entry `head mod RING_ENTRIES` would jump at 2**32."""
    assert (1 << 32) % RING_ENTRIES == 0
