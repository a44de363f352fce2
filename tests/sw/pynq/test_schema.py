"""The protocol as the server declares it is the one that PYNQ was published with."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pb2
from tests.sw.pynq.far import Far

from wingbeat.sw.board.schema import MESSAGES, SERVICES, file_descriptor


@pytest.fixture(scope="module")
def published(far_module: Far) -> dict[str, descriptor_pb2.FileDescriptorProto]:
    return {
        package: descriptor_pb2.FileDescriptorProto.FromString(data)
        for package, data in far_module.descriptors().items()
    }


@pytest.mark.parametrize("package", MESSAGES)
def test_messages_are_pynqs_field_by_field(
    published: dict[str, descriptor_pb2.FileDescriptorProto], package: str
) -> None:
    wanted = {message.name: message for message in published[package].message_type}
    for message in file_descriptor(package).message_type:
        found = [(f.name, f.number, f.type, f.label, f.proto3_optional) for f in message.field]
        theirs = wanted[message.name].field
        assert found == [(f.name, f.number, f.type, f.label, f.proto3_optional) for f in theirs]


@pytest.mark.parametrize("service", SERVICES)
def test_calls_are_pynqs(
    published: dict[str, descriptor_pb2.FileDescriptorProto], service: str
) -> None:
    package, name = service.split(".")
    (theirs,) = (s for s in published[package].service if s.name == name)
    methods = {method.name: method for method in theirs.method}
    for call_name, call in SERVICES[service].items():
        method = methods[call_name]
        assert method.input_type == f".{package}.{call.request}"
        assert method.output_type == f".{package}.{call.response}"
        assert method.client_streaming == call.streams_request
        assert method.server_streaming == call.streams_response
