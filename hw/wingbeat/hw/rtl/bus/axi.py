"""AXI4 and AXI4-Lite as signatures, seen from the manager (`Out`: it drives).

Ports are named as the channels are: a component's member `port_0` of this signature has the wires
`port_0__ar__addr`, `port_0__r__data` and so on. A channel is a signature of its own, so that the
read half of a bus can be passed on without the write half.
"""

from __future__ import annotations

from typing import Any

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw import enum

ADDRESS_BITS = 40
"""Byte addresses: 32 bits of beats are 36, the rest is left to the board."""

PAGE_BYTES = 4096
"""A burst must not cross a multiple of this."""


class Burst(enum.Enum, shape=2):
    """How the address moves within a burst."""

    FIXED = 0
    INCR = 1
    WRAP = 2


class Response(enum.Enum, shape=2):
    """What became of a transfer; SLVERR and DECERR are errors."""

    OKAY = 0
    EXOKAY = 1
    SLVERR = 2
    DECERR = 3


def is_error(response: Any) -> Any:
    """Return whether a response is SLVERR or DECERR."""
    return response.as_value()[1]


def _channel(**payload: Any) -> wiring.Signature:
    """Wires of a channel, as its source sees them."""
    members = {name: Out(shape) for name, shape in payload.items()}
    return wiring.Signature({"valid": Out(1), "ready": In(1), **members})


def _identified(id_bits: int, **payload: Any) -> wiring.Signature:
    """Return a channel that carries an id, unless that has no bits."""
    return _channel(**({"id": id_bits} if id_bits else {}), **payload)


def _address(address_bits: int, id_bits: int) -> wiring.Signature:
    return _identified(id_bits, addr=address_bits, len=8, size=3, burst=Burst)


class Axi4Read(wiring.Signature):
    """The read half of AXI4: channels ar and r.

    Parameters
    ----------
    data_bits : width of `r.data`
    id_bits : width of the ids, 0 for none
    address_bits : width of `ar.addr`, bytes
    """

    def __init__(self, data_bits: int, id_bits: int = 0, address_bits: int = ADDRESS_BITS) -> None:
        super().__init__(_read_channels(data_bits, id_bits, address_bits))


class Axi4Write(wiring.Signature):
    """The write half of AXI4: channels aw, w and b; parameters as for `Axi4Read`."""

    def __init__(self, data_bits: int, id_bits: int = 0, address_bits: int = ADDRESS_BITS) -> None:
        super().__init__(_write_channels(data_bits, id_bits, address_bits))


class Axi4(wiring.Signature):
    """AXI4 with all five channels; parameters as for `Axi4Read`."""

    def __init__(self, data_bits: int, id_bits: int = 0, address_bits: int = ADDRESS_BITS) -> None:
        super().__init__(
            {
                **_write_channels(data_bits, id_bits, address_bits),
                **_read_channels(data_bits, id_bits, address_bits),
            }
        )


class AxiLite(wiring.Signature):
    """AXI4-Lite with 32 data bits.

    Parameters
    ----------
    address_bits : width of the byte addresses
    """

    def __init__(self, address_bits: int) -> None:
        super().__init__(
            {
                "aw": Out(_channel(addr=address_bits)),
                "w": Out(_channel(data=32, strb=4)),
                "b": In(_channel(resp=Response)),
                "ar": Out(_channel(addr=address_bits)),
                "r": In(_channel(data=32, resp=Response)),
            }
        )


def _read_channels(data_bits: int, id_bits: int, address_bits: int) -> dict[str, Any]:
    return {
        "ar": Out(_address(address_bits, id_bits)),
        "r": In(_identified(id_bits, data=data_bits, resp=Response, last=1)),
    }


def _write_channels(data_bits: int, id_bits: int, address_bits: int) -> dict[str, Any]:
    return {
        "aw": Out(_address(address_bits, id_bits)),
        "w": Out(_channel(data=data_bits, strb=data_bits // 8, last=1)),
        "b": In(_identified(id_bits, resp=Response)),
    }
