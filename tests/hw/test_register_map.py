"""The register map: what XRT expects, and that nothing overlaps."""

import pytest

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.register_map import ADDRESS_BITS, PORTS, Control, RegisterMap


def test_registers_do_not_overlap() -> None:
    offsets = [r.word(i) for r in RegisterMap for i in range(r.value.words)]
    assert len(set(offsets)) == len(offsets)
    assert all(offset % 4 == 0 and offset < 1 << ADDRESS_BITS for offset in offsets)


def test_the_first_registers_are_those_of_an_xrt_kernel() -> None:
    names = ("CONTROL", "GLOBAL_INTERRUPT", "INTERRUPT_ENABLE", "INTERRUPT_STATUS", "PROGRAM")
    assert [RegisterMap[name].word() for name in names] == [0, 4, 8, 12, 16]
    assert [bit.value for bit in Control] == [1, 2, 4, 8]


def test_an_index_outside_is_refused() -> None:
    with pytest.raises(IndexError, match="`index` must be 0 to 15, not 16"):
        RegisterMap.ARGUMENT.word(16)


def test_there_is_room_for_every_port() -> None:
    (limit,) = (m.le for m in AcceleratorConfig.model_fields["ports"].metadata if hasattr(m, "le"))
    assert limit == PORTS
