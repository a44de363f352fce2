"""A board in the network, as PYNQ sees it."""

from __future__ import annotations

from types import SimpleNamespace

from pynq.pl_server.device import Device
from pynq.pl_server.remote_device import RemoteDevice
from pynq.remote import (
    buffer_pb2_grpc,
    gpio_pb2_grpc,
    mmio_pb2_grpc,
    remote_device_pb2_grpc,
)

from wingbeat.sw.pynq.channel import open_channel


class Board(RemoteDevice):
    """PYNQ's remote device over a channel of ours: with deadlines, and TLS where there is a token.

    Parameters
    ----------
    host, port : of the server
    """

    def __init__(self, host: str, port: int) -> None:
        # its own constructor would open a channel without any of that
        Device.__init__(self, f"remote-{host}-{port}")
        self.ip_addr, self.port = host, port
        channel = open_channel(host, port)
        self.client = SimpleNamespace(channel=channel)
        self._stub = {
            "device": remote_device_pb2_grpc.RemoteDeviceStub(channel),
            "mmio": mmio_pb2_grpc.MmioStub(channel),
            "buffer": buffer_pb2_grpc.RemoteBufferStub(channel),
            "gpio": gpio_pb2_grpc.GpioStub(channel),
        }
        self.arch = self.get_arch()
        self.name = self.get_board_name()
        self.capabilities = {"REMOTE": True}

    def close(self) -> None:
        """Give the board to others."""
        self.client.channel.close()
