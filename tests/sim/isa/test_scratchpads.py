import itertools

import numpy as np
import pytest
from tests.sim.isa.units import CONFIG

from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.operands import OperandView, VectorView
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.isa.scratchpads import OperandMemory, VectorMemory


def registers(**values: int) -> Registers:
    found = Registers()
    for name, value in values.items():
        found[int(name[1:])] = value
    return found


def test_a_vector_view_is_three_strides() -> None:
    memory = VectorMemory(CONFIG)
    memory.words[:] = np.arange(4096)
    view = memory.view(VectorView(3, 2, outer=5, inner=2), registers(r2=4), 3, 2, 20)
    for o, h, e in itertools.product(range(3), range(2), range(20)):
        assert view[o, h, e] == 16 * (3 + 4 + 5 * o + 2 * h) + e
    view[2, 1, 19] = -1
    assert memory.words[16 * 19 + 19] == -1


def test_a_scalar_is_one_word_for_all_elements() -> None:
    memory = VectorMemory(CONFIG)
    memory.words[:] = np.arange(4096)
    view = memory.view(VectorView(1, outer=2, inner=1, scalar=1), Registers(), 2, 2, 9)
    assert view.tolist() == [[[16.0] * 9, [32.0] * 9], [[48.0] * 9, [64.0] * 9]]


@pytest.mark.parametrize(("view", "elements", "fits"), [
    (VectorView(255), 16, True),
    (VectorView(255), 17, False),
    (VectorView(252, outer=1, inner=1), 17, True),
    (VectorView(252, outer=1, inner=1), 33, False),
    (VectorView(253, outer=1, inner=1, scalar=1), 999, True),
    (VectorView(254, outer=1, inner=1, scalar=1), 1, False),
    (VectorView(0, register=1), 1, False),
])  # fmt: skip
def test_a_vector_view_ends_with_the_memory(view: VectorView, elements: int, fits: bool) -> None:
    memory, values = VectorMemory(CONFIG), registers(r1=256)
    outer, inner = (2, 2) if view.outer else (1, 1)
    if fits:
        assert memory.view(view, values, outer, inner, elements).shape == (outer, inner, elements)
    else:
        with pytest.raises(DeviceError, match="behind its end 4096"):
            memory.view(view, values, outer, inner, elements)


def test_an_operand_view_is_three_strides_of_groups() -> None:
    memory = OperandMemory(CONFIG)
    whole = memory.view(OperandView(0), Registers(), 1, 1, 256)
    whole.codes[0, 0] = (np.arange(256) % 100)[:, None] + np.arange(32) % 20
    whole.scales[0, 0] = np.arange(256)
    whole.sums[0, 0] = -np.arange(256)
    view = memory.view(OperandView(2, 3, outer=7, inner=3), registers(r3=10), 3, 2, 4)
    assert view.codes.shape == (3, 2, 4, 32)
    for o, h, g in itertools.product(range(3), range(2), range(4)):
        group = 12 + 7 * o + 3 * h + g
        assert (view.scales[o, h, g], view.sums[o, h, g]) == (group, -group)
        assert view.codes[o, h, g].tolist() == [group % 100 + k % 20 for k in range(32)]


def test_an_operand_view_ends_with_the_memory() -> None:
    memory = OperandMemory(CONFIG)
    memory.view(OperandView(250, outer=2, inner=1), Registers(), 2, 2, 3)
    with pytest.raises(DeviceError, match="group 256 is behind its end"):
        memory.view(OperandView(250, outer=2, inner=1), Registers(), 2, 2, 4)


def test_there_is_as_much_memory_as_the_machine_has() -> None:
    assert VectorMemory(CONFIG).words.nbytes == 16 * 1024
    assert OperandMemory(CONFIG).view(OperandView(0), Registers(), 1, 1, 256).codes.nbytes == 8192
