"""A board of plain words, for tests of the server around it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
import numpy as np

from wingbeat.boards.board import load_board
from wingbeat.boards.overlay.design import Design, overlay_design
from wingbeat.sw.board.hardware import Bytes
from wingbeat.sw.board.schema import CLASSES, SERVICES

MEMORY = 4 << 20


def design() -> Design:
    return replace(overlay_design(load_board("sim1")), memory_bytes=MEMORY)


class MemoryBoard:
    """Registers and memory that keep what is written."""

    def __init__(self) -> None:
        self.config = load_board("sim1").accelerator
        self.memory = np.zeros(MEMORY, np.uint8)
        self.registers: dict[int, int] = {}
        self.resets = 0

    def read_register(self, offset: int) -> int:
        return self.registers.get(offset, 0)

    def write_register(self, offset: int, value: int) -> None:
        self.registers[offset] = value

    def read_memory(self, address: int, count: int) -> Bytes:
        return self.memory[address : address + count].copy()

    def write_memory(self, address: int, data: bytes | Bytes) -> None:
        values = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
        self.memory[address : address + len(values)] = values

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        """Nothing to stop."""


def client(channel: grpc.Channel, service: str, name: str) -> Any:
    """One of the server's calls, from a client that has no PYNQ."""
    call = SERVICES[service][name]
    package = service.partition(".")[0]
    kinds = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
    }
    return kinds[call.streams_request, call.streams_response](
        f"/{service}/{name}",
        request_serializer=CLASSES[f"{package}.{call.request}"].SerializeToString,
        response_deserializer=CLASSES[f"{package}.{call.response}"].FromString,
    )
