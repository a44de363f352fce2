from typing import Any

import pytest

from wingbeat.sim.xrt.messages import SIGNATURES, Call, answer_class, header_class, request_class


def test_headers_have_the_size_that_xrt_reads() -> None:
    # 09 and 8 bytes; in requests 15 and 4 bytes more
    assert header_class(request=False)(size=5).SerializeToString().hex() == "09" + "05" + 7 * "00"
    request = header_class(request=True)(size=5, xcl_api=20).SerializeToString()
    assert request.hex() == "09" + "05" + 7 * "00" + "15" + "14" + 3 * "00"


def test_a_transfer_is_encoded_as_protobuf_says() -> None:
    # field 3, varint 300; field 4, two bytes; field 5, varint 2; field 6, varint 0
    request = request_class(Call.TO_DEVICE)(dest=300, src=b"ab", size=2, seek=0)
    assert request.SerializeToString().hex() == "18ac02" + "22026162" + "2802" + "3000"


@pytest.mark.parametrize("call", Call)
def test_requests_and_answers_survive_the_way(call: Call) -> None:
    values: dict[str, Any] = {
        "bool": True,
        "bytes": b"\0\xff",
        "uint32": 1 << 31,
        "uint64": 1 << 63,
    }
    for kind, fields in (
        (request_class(call), SIGNATURES[call].request),
        (answer_class(call), SIGNATURES[call].answer),
    ):
        message = kind(**{name: values[entry[1]] for name, entry in fields.items()})
        again: Any = kind.FromString(message.SerializeToString())
        assert {name: getattr(again, name) for name in fields} == {
            name: values[entry[1]] for name, entry in fields.items()
        }


def test_fields_that_are_not_declared_are_skipped() -> None:
    # a handle in field 2, as XRT sends it before every transfer
    sent = bytes.fromhex("1203616263") + bytes.fromhex("2005")
    request: Any = request_class(Call.FROM_DEVICE).FromString(sent)
    assert request.src == 5
