from __future__ import annotations

from pathlib import Path

import pytest

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.pynq.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("pynq", Address(None)),
        ("pynq://", Address(None)),
        ("pynq://kv260", Address("kv260")),
        ("pynq://10.0.0.2:8000", Address("10.0.0.2", 8000)),
        ("pynq://[::1]:80", Address("::1", 80)),
        ("pynq://kv260/home/me/a%20b.bit", Address("kv260", bitstream=Path("/home/me/a b.bit"))),
    ],
)
def test_a_board_is_named_by_host_port_and_bitstream(text: str, wanted: Address) -> None:
    assert parse_address(text) == wanted


def test_its_name_says_where_it_is() -> None:
    assert parse_address("pynq://kv260").name == "pynq://kv260:7967"
    assert parse_address("pynq://[::1]").name == "pynq://[::1]:7967"
    assert parse_address("pynq").name == "pynq"


@pytest.mark.parametrize(
    "text",
    ["pynq:0", "pynq://h:99999", "pynq://h:x", "pynq://h/a.xclbin", "pynq://u@h", "pynq://h?x=1"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(DeviceError, match="must be pynq or"):
        parse_address(text)
