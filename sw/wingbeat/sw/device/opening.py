"""From the name of a device to the device."""

from __future__ import annotations

from collections.abc import Callable

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.xrt.device import XrtDevice


def _open_pynq(name: str) -> Device:
    # PYNQ is a package of its own, with an old NumPy: whoever has no board has none of it
    from wingbeat.sw.pynq.address import parse_address

    address = parse_address(name)
    try:
        from wingbeat.sw.pynq.device import PynqDevice
    except ImportError as error:
        raise DeviceError(
            f"device {name} must have the package `pynq` to be reached ({error}): install it with "
            "PYNQ_REMOTE=1 pip install pynq==4.0.0"
        ) from None
    return PynqDevice(address)


def _open_xrt(name: str) -> Device:
    index = name.removeprefix("xrt:")
    if not index.isdecimal():
        raise DeviceError(f"device xrt:N must have the number of a card, not `{name}`")
    return XrtDevice(int(index))


def _open_serial(name: str) -> Device:
    try:
        from wingbeat.sw.driver.serial import SerialTransport
    except ImportError:
        raise DeviceError(
            f"device {name} must have the package `pyserial` to be reached: install it with "
            "pip install wingbeat[serial]"
        ) from None
    return DriverDevice(SerialTransport(name.partition(":")[2]))


_SIMULATED: dict[str, Callable[[], Device]] = {"isa": IsaDevice, "rtl": RtlDevice}

_BOARDS: dict[str, Callable[[str], Device]] = {
    "pynq": _open_pynq,
    "xrt": _open_xrt,
    "serial": _open_serial,
}
"""By what stands before the first colon of the name."""

_NAMES = "isa, rtl, pynq[://HOST[:PORT]], xrt:N or serial:PORT[@BAUD]"


def open_device(name: str) -> Device:
    """Open a device by name.

    Raises
    ------
    DeviceError
        If there is no such device, naming those there are; or it cannot be reached.
    """
    if name in _SIMULATED:
        return _SIMULATED[name]()
    board = _BOARDS.get(name.partition(":")[0])
    if board is None:
        raise DeviceError(f"device must be {_NAMES}, not `{name}`")
    return board(name)
