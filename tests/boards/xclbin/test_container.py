import pytest

from wingbeat.boards.xclbin.container import container, read_sections
from wingbeat.boards.xclbin.structures import Header, Mode, SectionHeader, SectionKind, size
from wingbeat.hw.errors import ConfigError

SECTIONS = {SectionKind.IP_LAYOUT: b"a layout", SectionKind.EMBEDDED_METADATA: b"<project/>"}
FILE = container(SECTIONS, Mode.HW_EMU, "a platform")


def test_the_fixed_part_is_as_long_as_xrt_says() -> None:
    # XRT: sizeof(axlf) is 496, with one section header of 40 bytes in it
    assert (size(Header) + size(SectionHeader), size(SectionHeader)) == (496, 40)


def test_sections_are_found_again() -> None:
    assert read_sections(FILE) == SECTIONS


def test_header_and_sections_lie_where_xrt_looks() -> None:
    assert FILE[:8] == b"xclbin2\0"
    assert int.from_bytes(FILE[304:312], "little") == len(FILE)
    assert int.from_bytes(FILE[332:334], "little") == 4
    assert int.from_bytes(FILE[448:452], "little") == 2
    kind = int.from_bytes(FILE[456:460], "little")
    offset, length = (int.from_bytes(FILE[at : at + 8], "little") for at in (480, 488))
    assert (kind, FILE[offset : offset + length]) == (8, b"a layout")
    assert offset % 8 == 0


def test_another_content_has_another_uuid() -> None:
    other = container({**SECTIONS, SectionKind.IP_LAYOUT: b"A layout"}, Mode.HW_EMU, "a platform")
    assert FILE[416:432] != other[416:432]


def test_every_flipped_bit_is_noticed() -> None:
    for bit in range(8 * len(FILE)):
        damaged = bytearray(FILE)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ConfigError, match="an xclbin must"):
            read_sections(bytes(damaged))


def test_a_file_that_ends_early_is_noticed() -> None:
    for length in range(len(FILE)):
        with pytest.raises(ConfigError, match="an xclbin must"):
            read_sections(FILE[:length])
