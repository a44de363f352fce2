"""The C ABI of native/model.cpp for ctypes."""

from __future__ import annotations

import ctypes
from collections.abc import Collection
from pathlib import Path
from typing import Any

from wingbeat.sim.rtl.values import Words


class Stream(ctypes.Structure):
    """`Stream` of model.cpp."""

    _fields_ = (
        ("payload", ctypes.c_int32),
        ("valid", ctypes.c_int32),
        ("ready", ctypes.c_int32),
        ("offered", ctypes.c_uint32),
        ("stall", ctypes.c_uint64),
        ("count", ctypes.c_uint64),
        ("done", ctypes.c_uint64),
        ("data", ctypes.c_void_p),
    )


_POINTER, _INT, _UINT64 = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64

# function: result, arguments after the model
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "model_destroy": (None, []),
    "model_reset": (None, []),
    "model_set": (None, [_INT, _POINTER]),
    "model_get": (None, [_INT, _POINTER]),
    "model_attach": (None, [_POINTER, _POINTER]),
    "model_step": (None, [_UINT64]),
    "model_cycle": (_UINT64, []),
    "model_probe": (_INT, [_INT, _UINT64, _UINT64]),
    "model_waves": (_INT, [ctypes.c_char_p, _INT, _UINT64, _UINT64]),
    "model_end_waves": (None, []),
    "model_events": (_UINT64, [_INT, _POINTER]),
    "model_run_until": (_UINT64, [_INT, _UINT64]),
    "model_run": (None, [_UINT64, *[_INT, *[_POINTER] * 3], *[_INT, *[_POINTER] * 2]]),
    "model_stream": (
        ctypes.c_int64,
        [_INT, _POINTER, _INT, _POINTER, _UINT64, _UINT64, _UINT64],
    ),
}


def load(library: Path) -> ctypes.CDLL:
    """Load a library of `verilate.build`."""
    loaded = ctypes.CDLL(str(library))
    loaded.model_create.restype = _POINTER
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = [_POINTER, *arguments]
    return loaded


def pointers(arrays: Collection[Words]) -> ctypes.Array[ctypes.c_void_p]:
    """Return a C array of the arrays' addresses."""
    return (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
