import pytest
from hypothesis import given
from hypothesis import strategies as st

from wingbeat.hw.errors import DeviceError
from wingbeat.sim.heap import Heap

START, SIZE = 0x10_0800, 1 << 20


def test_the_first_gap_that_is_large_enough_is_taken() -> None:
    heap = Heap(0, 5 * 4096)
    first, second, third = (heap.allocate(size) for size in (4097, 4096, 1))
    assert (first, second, third) == (0, 8192, 12288)
    heap.free(first)
    heap.free(second)
    assert heap.allocate(3 * 4096) == 0
    assert heap.allocate(4096) == 16384


def test_a_memory_that_is_full_says_so() -> None:
    heap = Heap(0, 8192)
    heap.allocate(4096)
    with pytest.raises(DeviceError, match=r"4097 bytes in one piece, and has 4096 of 8192 left"):
        heap.allocate(4097)
    assert heap.allocate(4096) == 4096


@pytest.mark.parametrize("size", [0, -1])
def test_an_allocation_has_bytes(size: int) -> None:
    with pytest.raises(DeviceError, match=rf"at least 1 byte, not {size}"):
        Heap(0, 8192).allocate(size)


def test_only_what_was_taken_is_given_back() -> None:
    heap = Heap(0, 8192)
    heap.free(heap.allocate(1))
    with pytest.raises(DeviceError, match=r"no allocation begins at address 0x0"):
        heap.free(0)


@given(st.lists(st.integers(1, 1 << 18) | st.none(), max_size=40), st.randoms())
def test_nobody_has_what_another_has(sizes: list[int | None], random: object) -> None:
    heap = Heap(START, SIZE)
    taken: dict[int, int] = {}
    for size in sizes:
        if size is None:
            if taken:
                address = random.choice(sorted(taken))  # type: ignore[attr-defined]
                heap.free(address)
                del taken[address]
            continue
        try:
            address = heap.allocate(size)
        except DeviceError:
            continue
        assert address % 4096 == 0
        assert address >= START and address + size <= START + SIZE
        assert all(address + size <= a or a + s <= address for a, s in taken.items())
        taken[address] = size
    assert heap.free_bytes == SIZE - sum(taken.values())
