import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from wingbeat.compiler.image import Image
from wingbeat.hw.control import RING_ENTRIES, ControlBlock, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.memory_map import MemoryMap, Region
from wingbeat.sim.isa.machine import Machine
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device

START = {"known": 2, "position": 0, "generate": 3, "slot": 0, "all_logits": 0, "sequence": 0}


@pytest.fixture
def device(short: Image) -> IsaDevice:
    opened = IsaDevice()
    opened.load(short)
    opened.write(short.memory["tokens"].start * WORDS_PER_BEAT, [20, 21])
    return opened


def word(image: Image, name: str) -> int:
    return image.memory["control"].start * WORDS_PER_BEAT + ControlBlock.word(name)


def test_it_keeps_the_protocol() -> None:
    device: Device = IsaDevice()
    assert device.name == "isa"


@pytest.mark.parametrize("use", [
    lambda device: device.start(START), lambda device: device.advance(0),
    lambda device: device.read(0, 1), lambda device: device.write(0, [1]),
    lambda device: device.abort(), lambda device: device.cycles,
])  # fmt: skip
def test_without_an_image_nothing_works(use: Callable[[IsaDevice], object]) -> None:
    with pytest.raises(DeviceError, match="device isa must hold an image"):
        use(IsaDevice())


def test_regions_that_no_computer_holds_are_refused(short: Image) -> None:
    huge = Region("huge", short.memory.beats, (1 << 32) - 4, striped=True, writable=True)
    memory = MemoryMap.of([*short.memory.regions, huge])
    with pytest.raises(DeviceError, match=r"device isa has \d+ MiB of memory, not 655\d\d MiB"):
        IsaDevice().load(dataclasses.replace(short, memory=memory))


def test_a_run_in_states(short: Image, device: IsaDevice) -> None:
    assert device.advance(0) is State.IDLE
    device.start(START)
    assert device.read(word(short, "state"), 1)[0] == State.RUNNING.value
    assert device.cycles == 0
    heads: list[int] = []
    states: list[State] = []
    while not states or states[-1] is State.RUNNING:
        states.append(device.advance(0))
        heads.append(int(device.read(word(short, "head"), 1)[0]))
    assert states == [State.RUNNING] * 3 + [State.FINISHED]
    assert heads == [1, 2, 3, 3]
    assert device.advance(0) is State.FINISHED
    assert device.read(word(short, "state"), 1)[0] == State.FINISHED.value


def test_the_heartbeat_counts_instructions(short: Image, device: IsaDevice) -> None:
    device.start(START)
    beats = []
    while device.advance(0) is State.RUNNING:
        beats.append(int(device.read(word(short, "heartbeat"), 1)[0]))
    assert beats == sorted(set(beats))
    assert beats[0] > len(short.program.instructions) // 2


def test_cycles_add_up_over_runs(device: IsaDevice) -> None:
    sums = []
    for _ in range(2):
        device.start(START | {"generate": 0, "sequence": 0})
        while device.advance(0) is State.RUNNING:
            pass
        sums.append(device.cycles)
    assert sums[1] == 2 * sums[0] > 0


def test_one_run_at_a_time(device: IsaDevice) -> None:
    device.start(START)
    with pytest.raises(DeviceError, match="must be idle for a start"):
        device.start(START)


def test_a_start_that_is_refused_changes_nothing(device: IsaDevice) -> None:
    with pytest.raises(DeviceError, match="`known` must be"):
        device.start(START | {"known": 9999})
    assert device.advance(0) is State.IDLE
    device.start(START)


def test_an_abort_ends_the_run_at_a_loop_and_leaves_the_device_usable(device: IsaDevice) -> None:
    device.start(START)
    assert device.advance(0) is State.RUNNING
    device.abort()
    assert device.advance(0) is State.ABORTED
    device.start(START)
    assert [device.advance(0) for _ in range(4)] == [State.RUNNING] * 3 + [State.FINISHED]


def test_a_full_ring_is_waited_for(short: Image, device: IsaDevice) -> None:
    device.write(word(short, "head"), [RING_ENTRIES])
    device.start(START | {"sequence": RING_ENTRIES, "generate": 1})
    assert {device.advance(0) for _ in range(3)} == {State.RUNNING}
    assert device.read(word(short, "head"), 1)[0] == RING_ENTRIES
    device.write(word(short, "tail"), [1])
    while device.advance(0) is State.RUNNING:
        pass
    assert device.read(word(short, "head"), 1)[0] == RING_ENTRIES + 1


def test_an_abort_ends_a_run_that_waits_for_the_host(short: Image, device: IsaDevice) -> None:
    device.write(word(short, "head"), [RING_ENTRIES])
    device.start(START | {"sequence": RING_ENTRIES, "generate": 1})
    assert device.advance(0) is State.RUNNING
    device.abort()
    assert device.advance(0) is State.ABORTED
    assert device.read(word(short, "head"), 1)[0] == RING_ENTRIES


def test_what_is_read_is_a_copy(short: Image, device: IsaDevice) -> None:
    place = short.memory["tokens"].start * WORDS_PER_BEAT
    device.write(place + 1, np.array([7, 8], np.uint32))
    words = device.read(place, 3)
    assert words.tolist() == [20, 7, 8]
    words[:] = 99
    assert device.read(place, 3).tolist() == [20, 7, 8]


def test_an_image_is_not_changed_by_a_run(short: Image, device: IsaDevice) -> None:
    before = {name: data.tobytes() for name, data in short.contents.items()}
    device.start(START)
    while device.advance(0) is State.RUNNING:
        pass
    assert {name: data.tobytes() for name, data in short.contents.items()} == before


def test_an_image_for_another_machine_is_refused(short: Image) -> None:
    config = short.manifest.config
    other = type(config).parse({**config.model_dump(), "tokens": 16})
    with pytest.raises(DeviceError, match="has configuration"):
        IsaDevice(other).load(short)


def test_an_interrupted_run_has_failed(
    short: Image, device: IsaDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    device.start(START)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Machine, "_execute", interrupted)
        device.advance(0)
    assert device.advance(0) is State.FAILED
    device.start(START)
    assert device.advance(0) is State.RUNNING


def test_a_second_close_does_nothing(device: IsaDevice) -> None:
    device.close()
    device.close()
    with pytest.raises(DeviceError, match="none is loaded"):
        _ = device.cycles
