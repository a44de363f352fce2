"""Regions of device memory: order, overlap, look-up."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wingbeat.hw.errors import ImageError
from wingbeat.hw.memory_map import MemoryMap, Region


def region(name: str, start: int, beats: int) -> Region:
    return Region(name, start, beats, striped=True, writable=False)


MAP = MemoryMap.of([region("b", 0x10, 0x10), region("a", 0, 0x10), region("c", 0x30, 8)])


def refused(regions: Sequence[Region], because: str) -> None:
    with pytest.raises(ImageError) as caught:
        MemoryMap.of(regions)
    assert str(caught.value) == because


def test_a_region_ends_behind_its_last_beat() -> None:
    assert region("a", 3, 4).stop == 7
    assert region("a", 3, 4).bytes_per_port == 64
    assert region("a", 3, 4).bytes_on(ports=4) == 256
    assert Region("a", 3, 4, striped=False, writable=False).bytes_on(ports=4) == 64


def test_regions_are_sorted_by_address() -> None:
    assert [found.name for found in MAP.regions] == ["a", "b", "c"]


def test_memory_reaches_to_the_last_region() -> None:
    assert MAP.beats == 0x38
    assert MemoryMap(()).beats == 0


def test_a_region_is_found_by_name() -> None:
    assert MAP["c"].start == 0x30


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(ImageError) as caught:
        MAP["d"]
    assert str(caught.value) == "the image must have a region `d`, not only `a`, `b`, `c`"


def test_an_overlap_names_both_regions_and_their_ranges() -> None:
    refused(
        [region("high", 0x1F, 1), region("low", 0, 0x20)],
        "region `high` [0x1f, 0x20) must not overlap `low` [0x0, 0x20)",
    )


def test_a_name_may_be_used_once() -> None:
    refused(
        [region("a", 0, 1), region("a", 1, 1), region("b", 2, 1)],
        "regions must have distinct names, not a, a, b",
    )


@pytest.mark.parametrize(("start", "beats"), [(-1, 4), (4, -1)])
def test_addresses_and_sizes_are_not_negative(start: int, beats: int) -> None:
    refused([region("a", start, beats)], "region `a` must lie at a positive address")


def test_a_region_may_be_empty() -> None:
    assert MemoryMap.of([region("a", 0, 4), region("none", 4, 0), region("b", 4, 4)]).beats == 8


def test_the_order_of_regions_does_not_matter() -> None:
    """Empty ones that share their place with each other and with the start of another."""
    regions = [region("a", 0, 4), region("x", 4, 0), region("y", 4, 0), region("b", 4, 4)]
    maps = {MemoryMap.of(order) for order in itertools.permutations(regions)}
    assert [found.name for found in maps.pop().regions] == ["a", "x", "y", "b"]
    assert not maps


def test_an_unsorted_map_is_refused() -> None:
    with pytest.raises(ImageError):
        MemoryMap((region("b", 8, 8), region("a", 0, 8)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5)), max_size=4))
def test_a_map_is_refused_exactly_if_a_beat_belongs_to_two(ranges: list[tuple[int, int]]) -> None:
    beats = [beat for start, size in ranges for beat in range(start, start + size)]
    regions = [region(str(i), *found) for i, found in enumerate(ranges)]
    if len(set(beats)) == len(beats):
        assert MemoryMap.of(regions).beats == max(beats, default=-1) + 1
    else:
        with pytest.raises(ImageError, match="must not overlap"):
            MemoryMap.of(regions)


def test_a_range_is_found_exactly_if_one_region_holds_all_of_it() -> None:
    owner = {beat: r.name for r in MAP.regions for beat in range(r.start, r.start + r.beats)}
    for start in range(0x3A):
        for stop in range(start + 1, 0x3B):
            names = {owner.get(beat) for beat in range(start, stop)}
            found = MAP.find(start, stop)
            assert (found.name if found else None) == (names.pop() if len(names) == 1 else None)
