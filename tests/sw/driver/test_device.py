import time

import numpy as np
import pytest
from tests.sw.driver import scripted
from tests.sw.driver.scripted import ADDRESS, ScriptedTransport, end, nothing, publish

from wingbeat.compiler.image import Image
from wingbeat.hw.control import RING_ENTRIES, ControlBlock, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.register_map import Control, RegisterMap
from wingbeat.sw.driver import device as core
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.driver.placement import buffer_sizes
from wingbeat.sw.session import Session

ARGUMENTS = {
    "known": 5, "position": 0, "generate": 3, "slot": 0, "all_logits": 0, "sequence": 0
}  # fmt: skip


def loaded(image: Image, *steps: scripted.Step) -> tuple[ScriptedTransport, DriverDevice]:
    transport = ScriptedTransport(image, steps)
    device = DriverDevice(transport)
    device.load(image)
    return transport, device


def soon() -> float:
    return time.monotonic() + 5


# ---- loading ------------------------------------------------------------------------------------


def test_an_image_lies_in_a_buffer_a_port_and_the_registers_say_where(short: Image) -> None:
    transport, _ = loaded(short)
    sizes = buffer_sizes(short)
    assert [len(buffer.bytes) for buffer in transport.buffers] == sizes
    base = RegisterMap.MEMORY_BASE
    for port, buffer in enumerate(transport.buffers):
        low, high = (transport.registers[base.word(2 * port + i)] for i in range(2))
        assert high << 32 | low == buffer.address >= ADDRESS
    for name, rows in short.contents.items():
        first = short.memory[name].start * BEAT_BYTES
        for row, buffer in zip(rows, transport.buffers, strict=False):
            assert (buffer.bytes[first : first + len(row)] == row).all(), name
    program = short.program.page()
    start = transport.registers[RegisterMap.PROGRAM.word()] * BEAT_BYTES
    assert (transport.buffers[0].bytes[start : start + len(program)] == program).all()
    assert transport.registers[RegisterMap.INSTRUCTIONS.word()] == len(short.program.instructions)
    assert transport.field("head") == transport.field("tail") == 0


def test_loading_shows_its_progress(short: Image) -> None:
    seen: list[tuple[str, float]] = []
    DriverDevice(ScriptedTransport(short)).load(short, lambda *step: seen.append(step))
    assert {step for step, _ in seen} == {"loading", "checking"}
    assert seen[-1] == ("checking", 1.0)
    assert all(0 < share <= 1 for _, share in seen)


@pytest.mark.parametrize(("register", "reason"), [
    (RegisterMap.IDENTITY, r"wingbeat accelerator \(0x54424757\), not as 0x00000007"),
    (RegisterMap.ISA_VERSION, "runs ISA version 7, not 1 of the image"),
    (RegisterMap.DIGEST, "has configuration [0-9a-f]{8}00000007, not"),
])  # fmt: skip
def test_another_machine_is_refused_before_memory_is_touched(
    short: Image, register: RegisterMap, reason: str
) -> None:
    transport = ScriptedTransport(short)
    transport.registers[register.word()] = 7
    with pytest.raises(DeviceError, match=f"device scripted .*{reason}"):
        DriverDevice(transport).load(short)
    assert not transport.buffers
    assert not transport.log


def test_a_memory_that_forgets_is_found_out_and_given_back(short: Image) -> None:
    transport = ScriptedTransport(short)
    entry = next(entry for entry in short.manifest.regions if entry.crc32c is not None)
    transport.forgets = entry.start * BEAT_BYTES + 5
    device = DriverDevice(transport)
    with pytest.raises(DeviceError, match=f"region `{entry.name}` reads back with CRC32C .{{8}}, "):
        device.load(short)
    assert transport.heap.free_bytes == 1 << 30
    with pytest.raises(DeviceError, match="must hold an image, and none is loaded"):
        device.start(ARGUMENTS)
    transport.forgets = None
    device.load(short)


def test_a_memory_that_is_too_small_is_left_as_it_was(short: Image) -> None:
    sizes = buffer_sizes(short)
    transport = ScriptedTransport(short, room=sum(sizes) - 4096)
    with pytest.raises(DeviceError, match="in one piece, and has"):
        DriverDevice(transport).load(short)
    assert transport.heap.free_bytes == sum(sizes) - 4096


def test_a_machine_that_is_at_work_is_reset_first(short: Image) -> None:
    transport = ScriptedTransport(short)
    transport.registers[RegisterMap.CONTROL.word()] = int(Control.START)
    DriverDevice(transport).load(short)
    assert transport.resets == 1


def test_loading_again_gives_the_old_memory_back(short: Image) -> None:
    transport, device = loaded(short)
    device.load(short)
    assert [buffer.freed for buffer in transport.buffers] == [True] * (
        len(transport.buffers) // 2
    ) + [False] * (len(transport.buffers) // 2)


# ---- running ------------------------------------------------------------------------------------


def test_a_start_sets_arguments_then_the_bit(short: Image) -> None:
    transport, device = loaded(short)
    before = len(transport.log)
    device.start(ARGUMENTS)
    written = transport.log[before:]
    assert written[-1] == (RegisterMap.CONTROL.word(), Control.START)
    values = dict(written[:-1])
    for argument in short.program.arguments:
        place = RegisterMap.ARGUMENT.word(argument.register - 1)
        assert values[place] == ARGUMENTS[argument.name]


def test_what_the_registers_hold_is_not_written_again(short: Image) -> None:
    transport, device = loaded(short, end(State.FINISHED))
    device.start(ARGUMENTS)
    device.advance(soon())
    before = len(transport.log)
    device.start(ARGUMENTS | {"sequence": 3})
    assert [value for _, value in transport.log[before:]] == [3, Control.START]


def test_what_the_last_run_left_is_no_news(short: Image) -> None:
    transport, device = loaded(short, end(State.FINISHED), nothing, end(State.ABORTED))
    device.start(ARGUMENTS)
    assert device.advance(soon()) is State.FINISHED
    device.start(ARGUMENTS)
    assert device.advance(time.monotonic()) is State.RUNNING
    assert device.advance(soon()) is State.ABORTED
    assert transport.resets == 0


def test_news_are_tokens_and_the_end(short: Image) -> None:
    _, device = loaded(short, nothing, publish(4), nothing, publish(5, 6), end(State.FINISHED, 70))
    device.start(ARGUMENTS)
    assert device.advance(soon()) is State.RUNNING
    assert device.advance(soon()) is State.RUNNING
    assert device.advance(soon()) is State.FINISHED
    assert device.cycles == 70


def test_a_full_ring_is_news_each_time(short: Image) -> None:
    _, device = loaded(short, publish(*range(RING_ENTRIES)))
    device.start(ARGUMENTS)
    for _ in range(3):
        assert device.advance(soon()) is State.RUNNING


def test_only_one_program_runs(short: Image) -> None:
    _, device = loaded(short)
    device.start(ARGUMENTS)
    with pytest.raises(DeviceError, match="must be idle for a start, and is running"):
        device.start(ARGUMENTS)


def test_cycles_of_runs_add_up(short: Image) -> None:
    _, device = loaded(short, end(State.FINISHED, 70), end(State.FAILED, 9))
    for total in (70, 79):
        device.start(ARGUMENTS)
        device.advance(soon())
        assert device.cycles == total


def test_registers_are_left_alone_in_flight_where_they_must_be(short: Image) -> None:
    transport, device = loaded(short, nothing, publish(4), end(State.FINISHED))
    transport.registers_in_flight = False
    device.start(ARGUMENTS)
    while device.advance(soon()) is State.RUNNING:
        assert device.cycles == 0
        device.abort()
    assert transport.in_flight == 0
    assert device.cycles == 100


def test_an_abort_is_seen_by_program_and_machine_and_forgotten_by_the_next_start(
    short: Image,
) -> None:
    transport, device = loaded(short, end(State.ABORTED))
    device.start(ARGUMENTS)
    device.abort()
    assert transport.field("abort") == transport.registers[RegisterMap.ABORT.word()] == 1
    assert device.advance(soon()) is State.ABORTED
    device.start(ARGUMENTS)
    assert transport.field("abort") == transport.registers[RegisterMap.ABORT.word()] == 0


def test_an_end_without_idleness_is_an_error(short: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "ENDING", 0.01)
    transport, device = loaded(short, end(State.FINISHED))
    transport.idles = False
    device.start(ARGUMENTS)
    with pytest.raises(DeviceError, match=r"idle within 0.01 s .*units: LD idle, .*MISC idle"):
        device.advance(soon())
    device.load(short)
    assert transport.resets == 1


def test_a_state_that_there_is_not_is_an_error(short: Image) -> None:
    transport, device = loaded(short)
    device.start(ARGUMENTS)
    transport.set(state=77)
    with pytest.raises(DeviceError, match="a state that there is, not 77"):
        device.advance(soon())


def test_a_broken_link_is_an_error_and_a_new_load_goes_on(short: Image) -> None:
    transport, device = loaded(short, scripted.fail_link)
    device.start(ARGUMENTS)
    with pytest.raises(DeviceError, match="connection lost"):
        device.advance(soon())
    device.load(short)
    transport.steps = [end(State.FINISHED)]
    device.start(ARGUMENTS)
    assert device.advance(soon()) is State.FINISHED


def test_closing_while_a_program_runs_stops_it_before_its_memory_is_given_back(
    short: Image,
) -> None:
    transport, device = loaded(short)
    device.start(ARGUMENTS)
    device.close()
    assert (transport.resets, transport.closes) == (1, 1)
    assert all(buffer.freed for buffer in transport.buffers)


def test_a_diagnosis_tells_what_each_unit_does(short: Image) -> None:
    def work(transport: ScriptedTransport) -> None:
        transport.registers[RegisterMap.BUSY.word(2)] = 50
        transport.registers[RegisterMap.STALLED.word(3)] = 20

    transport, device = loaded(short, work)
    transport.registers |= {
        RegisterMap.STATE.word(): State.FAILED.value, RegisterMap.ERROR.word(): 5,
        RegisterMap.ERROR_PC.word(): 17, RegisterMap.ERROR_UNIT.word(): 99,
        RegisterMap.RETIRED.word(): 12, RegisterMap.CYCLES.word(): 345,
    }  # fmt: skip
    line = device.diagnose()
    assert "FAILED, error WATCHDOG at instruction 17 of 99, 12 instructions in 345 cycles" in line
    assert line.count("idle") == 3
    assert line.count("busy") == line.count("stalled") == 1


# ---- what goes over the link --------------------------------------------------------------------


def test_a_token_costs_one_look_and_no_logits(short: Image) -> None:
    count = 40
    steps = [publish(7) for _ in range(count)]
    steps[-1] = lambda transport: (publish(7)(transport), end(State.FINISHED)(transport))[0]
    _, device = loaded(short, *steps)
    session = Session(device, short)
    stream = session.generate([1, 2, 3], count)
    next(stream)
    before = device.traffic
    reads, writes = before.bytes_read, before.memory_writes
    registers = before.register_reads + before.register_writes
    for _ in range(count - 3):
        next(stream)
    after = device.traffic
    block = ControlBlock.width() // 8
    ring = 4 * (16 + RING_ENTRIES)
    assert (after.bytes_read - reads) / (count - 3) <= 2 * block + ring
    assert after.memory_writes - writes <= 1, "the ring is drained late"
    assert after.register_reads + after.register_writes == registers
    assert list(stream)[-1] == 7


def test_words_are_those_of_port_0(short: Image) -> None:
    transport, device = loaded(short)
    first = short.memory["tokens"].start * WORDS_PER_BEAT
    device.write(first, [1, 2, 0xFFFFFFFF])
    assert device.read(first, 3).tolist() == [1, 2, 0xFFFFFFFF]
    view = transport.buffers[0].bytes.view(np.uint32)
    assert view[first : first + 3].tolist() == [1, 2, 0xFFFFFFFF]
