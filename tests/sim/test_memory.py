import numpy as np
import pytest
from tests.sim.isa.units import MEMORY, Parts

from wingbeat.hw.control import RING_WORD
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.memory_map import MemoryMap, Region
from wingbeat.sim.memory import DeviceMemory


def test_regions_without_contents_begin_as_zeros() -> None:
    memory = DeviceMemory(MEMORY, 2, {})
    assert memory.region("cache").shape == (2, 0x8000)
    assert memory.region("plain").shape == (1, 0x1000)
    assert not memory.region("cache").any()


def test_what_a_program_may_write_is_copied_and_the_rest_is_not() -> None:
    given = {
        "weights": np.full((2, 0x8000), 5, np.uint8), "plain": np.full((1, 0x1000), 6, np.uint8),
    }  # fmt: skip
    memory = DeviceMemory(MEMORY, 2, given)
    assert memory.region("weights") is given["weights"]
    memory.region("plain")[:] = 9
    assert (given["plain"] == 6).all()


def test_what_a_machine_reports_is_no_part_of_what_programs_write() -> None:
    layout = MemoryMap.of(
        [Region("control", 0, 4, False, True), Region("constants", 16, 1, False, False)]
    )
    memory = DeviceMemory(layout, 1, {})
    words = memory.words(0, RING_WORD)
    words[:] = 1 + np.arange(RING_WORD)
    found = np.frombuffer(memory.written()["control"], np.uint32)
    assert found[:RING_WORD].tolist() == [1, 2, 3, *[0] * 5, *range(9, 17)]
    assert memory.written().keys() == {"control"}
    assert words[3] == 4


def test_contents_must_have_the_size_of_their_region() -> None:
    with pytest.raises(DeviceError, match="`plain` must be 1 x 4096 bytes, not 2 x 4096"):
        DeviceMemory(MEMORY, 2, {"plain": np.zeros((2, 0x1000), np.uint8)})


def test_a_stream_is_seen_on_every_port() -> None:
    memory = Parts().memory
    found = memory.stream(0x1003, 2)
    assert found.tolist() == memory.region("cache")[:, 48:80].tolist()
    found[:] = 7
    assert (memory.region("cache")[:, 48:80] == 7).all()


def test_words_begin_anywhere_on_port_0() -> None:
    memory = Parts().memory
    memory.words(0x2000 * 4 + 5, 3)[:] = [1, 0xFFFFFFFF, 3]
    assert memory.region("plain")[0, 20:32].tobytes() == bytes(
        [1, 0, 0, 0, 255, 255, 255, 255, 3, 0, 0, 0]
    )
    memory.words(0x1000 * 4, 1)[0] = 1
    assert (
        memory.region("cache")[1, :4].tobytes() == Parts().memory.region("cache")[1, :4].tobytes()
    )


@pytest.mark.parametrize(("beat", "beats"), [(32, 1), (0xFF, 1), (0x2100, 1), (1 << 40, 1)])
def test_an_address_in_no_region_is_an_error(beat: int, beats: int) -> None:
    with pytest.raises(DeviceError, match=f"beat {beat:#x} is in no region"):
        Parts().memory.stream(beat, beats)


def test_nothing_reaches_out_of_its_region() -> None:
    memory = Parts().memory
    memory.stream(0x20FF, 1)
    memory.words(0x20FF * 4, 4)
    with pytest.raises(DeviceError, match="reach outside region `plain`"):
        memory.stream(0x20FF, 2)
    with pytest.raises(DeviceError, match="reach outside region `plain`"):
        memory.words(0x20FF * 4 + 3, 2)


def test_constant_is_what_no_program_writes() -> None:
    memory = Parts().memory
    assert memory.constant(0x100) and memory.constant(0x8FF)
    assert not memory.constant(0x1000)
