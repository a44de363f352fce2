from importlib.util import find_spec

import pytest

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.opening import open_device


def test_a_device_has_the_name_that_it_was_asked_for_by() -> None:
    assert open_device("isa").name == "isa"


def test_each_call_opens_another_one() -> None:
    assert isinstance(open_device("isa"), IsaDevice)
    assert open_device("isa") is not open_device("isa")


@pytest.mark.parametrize("name", ["", "ISA", "fpga", "isa "])
def test_an_unknown_device_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(DeviceError, match=rf"device must be isa, rtl, pynq.*, not `{name}`"):
        open_device(name)


def test_without_pynq_a_board_says_what_to_install() -> None:
    if find_spec("pynq") is not None:
        pytest.skip("PYNQ is installed here")
    with pytest.raises(DeviceError, match=r"PYNQ_REMOTE=1 pip install pynq==4\.0\.0"):
        open_device("pynq://127.0.0.1")
