"""Packages that only some commands need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wingbeat.hw.errors import DeviceError


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import something of an extra of this package; DeviceError says how to install it."""
    try:
        yield
    except ImportError as error:
        raise DeviceError(
            f"this command must have the package `{error.name}`, which is not installed: "
            f"pip install wingbeat[{name}]"
        ) from None
