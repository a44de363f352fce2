"""XRT's native C API, as far as one kernel needs it.

The same functions are exported by `libxrt_coreutil` from XRT 2020.2 on.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from wingbeat.hw.errors import DeviceError

LIBRARY = "libxrt_coreutil.so.2"

_TO_DEVICE, _FROM_DEVICE = 0, 1
"""Directions of a synchronisation."""

_NORMAL = 0
"""Flags of a buffer that host and device each have a copy of."""

_UUID = ctypes.c_uint8 * 16

_FUNCTIONS = {
    "xrtDeviceOpen": (c_void_p, [c_uint32]),
    "xrtDeviceLoadXclbinFile": (c_int, [c_void_p, c_char_p]),
    "xrtDeviceGetXclbinUUID": (c_int, [c_void_p, _UUID]),
    "xrtPLKernelOpenExclusive": (c_void_p, [c_void_p, _UUID, c_char_p]),
    "xrtKernelArgGroupId": (c_int, [c_void_p, c_int]),
    "xrtKernelReadRegister": (c_int, [c_void_p, c_uint32, POINTER(c_uint32)]),
    "xrtKernelWriteRegister": (c_int, [c_void_p, c_uint32, c_uint32]),
    "xrtBOAlloc": (c_void_p, [c_void_p, c_size_t, c_uint64, c_uint32]),
    "xrtBOFree": (c_int, [c_void_p]),
    "xrtBOAddress": (c_uint64, [c_void_p]),
    "xrtBOWrite": (c_int, [c_void_p, c_void_p, c_size_t, c_size_t]),
    "xrtBORead": (c_int, [c_void_p, c_void_p, c_size_t, c_size_t]),
    "xrtBOSync": (c_int, [c_void_p, c_int, c_size_t, c_size_t]),
}


class Card:
    """One kernel on one card, owned by this process alone.

    Nothing is submitted to XRT's scheduler, so nobody but the owner touches the kernel's registers.

    Parameters
    ----------
    index : of the card
    xclbin : path of the file to load
    kernel : name of the kernel in it

    Raises
    ------
    DeviceError
        From every method, if XRT refuses: with the call and the system's word for the reason.
    """

    def __init__(self, index: int, xclbin: str, kernel: str) -> None:
        try:
            self._xrt = ctypes.CDLL(LIBRARY, use_errno=True)
        except OSError as error:
            raise DeviceError(f"XRT must be installed: {error}") from None
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(self._xrt, name)
            function.restype, function.argtypes = result, arguments
        self._device = self._handle("xrtDeviceOpen", index)
        self._done("xrtDeviceLoadXclbinFile", self._device, os.fsencode(xclbin))
        uuid = _UUID()
        self._done("xrtDeviceGetXclbinUUID", self._device, uuid)
        self._kernel = self._handle("xrtPLKernelOpenExclusive", self._device, uuid, kernel.encode())

    def read_register(self, offset: int) -> int:
        """Read a word of the kernel's registers."""
        value = c_uint32()
        self._done("xrtKernelReadRegister", self._kernel, offset, byref(value))
        return value.value

    def write_register(self, offset: int, value: int) -> None:
        """Write a word of the kernel's registers."""
        self._done("xrtKernelWriteRegister", self._kernel, offset, value)

    def allocate(self, count: int, argument: int) -> tuple[int, int]:
        """Take `count` bytes of the memory that a kernel's argument may point to.

        Returns
        -------
        What `read`, `write` and `free` take, and the address on the card.
        """
        group = self._xrt.xrtKernelArgGroupId(self._kernel, argument)
        if group < 0:
            self._fail("xrtKernelArgGroupId")
        buffer = self._handle("xrtBOAlloc", self._device, count, _NORMAL, group)
        return buffer, int(self._xrt.xrtBOAddress(buffer))

    def read(self, buffer: int, offset: int, count: int) -> npt.NDArray[np.uint8]:
        """Return bytes of a buffer, as they are on the card."""
        data = np.empty(count, np.uint8)
        self._done("xrtBOSync", buffer, _FROM_DEVICE, count, offset)
        self._done("xrtBORead", buffer, data.ctypes.data, count, offset)
        return data

    def write(self, buffer: int, offset: int, data: npt.NDArray[np.uint8]) -> None:
        """Write bytes of a buffer, on the card too."""
        data = np.ascontiguousarray(data)
        self._done("xrtBOWrite", buffer, data.ctypes.data, len(data), offset)
        self._done("xrtBOSync", buffer, _TO_DEVICE, len(data), offset)

    def free(self, buffer: int) -> None:
        """Give a buffer back."""
        self._done("xrtBOFree", buffer)

    def _handle(self, function: str, *arguments: object) -> int:
        """Call a function that returns a handle."""
        ctypes.set_errno(0)
        handle: int | None = getattr(self._xrt, function)(*arguments)
        if handle is None:
            self._fail(function)
        return handle

    def _done(self, function: str, *arguments: object) -> None:
        """Call a function that returns 0."""
        ctypes.set_errno(0)
        if getattr(self._xrt, function)(*arguments):
            self._fail(function)

    def _fail(self, function: str) -> NoReturn:
        code = ctypes.get_errno()
        raise DeviceError(f"{function} must succeed" + (f": {os.strerror(code)}" if code else ""))
