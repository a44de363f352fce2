"""From the name of a device to the device."""

from __future__ import annotations

from collections.abc import Callable

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.device.rtl import RtlDevice

_OPENERS: dict[str, Callable[[], Device]] = {"isa": IsaDevice, "rtl": RtlDevice}


def open_device(name: str) -> Device:
    """Open a device by name.

    Raises
    ------
    DeviceError
        If there is no such device; it names those there are.
    """
    opener = _OPENERS.get(name)
    if opener is None:
        raise DeviceError(f"device must be {' or '.join(_OPENERS)}, not `{name}`")
    return opener()
