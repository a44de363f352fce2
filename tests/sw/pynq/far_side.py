"""What the tests do in PYNQ's own environment: sent there as source, driven over a channel.

Each request is a method's name and its arguments; the answer is "ok" and a value, or the name of an
exception and its text.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wingbeat.compiler.image import load_image
from wingbeat.hw.errors import WingbeatError
from wingbeat.sw.device.opening import open_device
from wingbeat.sw.llm import LLM
from wingbeat.sw.session import Session

PROMPT = [5, 77, 300, 12, 9]


class Host:
    """One PYNQ host with one device at a time."""

    def __init__(self) -> None:
        self.device: Any = None
        self.image: Any = None
        self.overlay: Any = None
        self.running: Iterator[int] = iter(())
        self.kept: list[Any] = []
        self.model: Any = None

    def open(self, address: str) -> str:
        """Open a device by name; what was open is closed."""
        self.close()
        self.device = open_device(address)
        return str(self.device.name)

    def load(self, path: str) -> None:
        """Load an image."""
        self.image = load_image(Path(path))
        self.device.load(self.image)

    def generate(self, count: int, patience: float = 60.0) -> tuple[list[int], int]:
        """Return tokens of a fixed prompt, and the device's cycles."""
        return self.begin(count, patience) + self.rest(), self.device.cycles

    def begin(self, count: int, patience: float = 60.0) -> list[int]:
        """Return the first token, and leave the device at work."""
        session = Session(self.device, self.image, patience=patience)
        self.running = session.generate(PROMPT, count)
        return [next(self.running)]

    def rest(self) -> list[int]:
        """Return the tokens that follow."""
        return list(self.running)

    def stop(self) -> None:
        """Leave a stream early."""
        self.running.close()  # type: ignore[attr-defined]

    def open_on_board(self, port: int) -> str:
        """Open the device as a program on the board itself does."""
        from pynq import Device
        from pynq.pl_server.remote_device import RemoteDevice

        from wingbeat.sw.pynq.memory import RemoteMemory

        class Mapped:
            """Memory that PYNQ has mapped: slices are where the device reads and writes."""

            def __init__(self, array: Any, device: Any) -> None:
                self._memory = RemoteMemory(array, device, "mapped")
                self.device_address = self._memory.address
                self.settle = self._memory.settle

            def __getitem__(self, place: slice) -> Any:
                return self._memory.read(place.start, place.stop - place.start)

            def __setitem__(self, place: slice, data: Any) -> None:
                self._memory.write(place.start, data)

            def freebuffer(self) -> None:
                self._memory.free()

        class OnBoard(RemoteDevice):
            """A device that says it is local: PYNQ and the driver take their local ways."""

            def __init__(self) -> None:
                super().__init__(0, "127.0.0.1", port)
                self.capabilities = {"REGISTER_RW": True}
                self.mapped: list[Mapped] = []

            def read_registers(self, address: int, length: int) -> bytes:
                return int(self.mmap(address, 4).read(0)).to_bytes(length, "little")

            def write_registers(self, address: int, data: bytes) -> None:
                for memory in self.mapped:
                    memory.settle()
                self.mmap(address, 4).write(0, data)

            def allocate(self, shape: Any, dtype: Any, cacheable: int = 0) -> Any:
                assert not cacheable
                remote = RemoteDevice(0, "127.0.0.1", port)
                self.mapped.append(Mapped(super().allocate(shape, dtype), remote))
                return self.mapped[-1]

        self.close()
        Device.active_device = OnBoard()
        self.device = open_device("pynq")
        return str(self.device.name)

    def traffic(self) -> dict[str, int]:
        """Return what went over the link."""
        return dataclasses.asdict(self.device.traffic)

    def hold(self, count: int) -> int:
        """Take memory beside the image; return its address."""
        self.kept.append(self.device._link.transport.allocate(count, 0))
        return int(self.kept[-1].address)

    def release(self) -> None:
        """Give back what `hold` took."""
        while self.kept:
            self.kept.pop().free()

    def text(self, address: str, path: str, prompt: str, count: int) -> tuple[str, int]:
        """Return a text from a new device, and its cycles."""
        with LLM(path, address) as model:
            text = "".join(model.stream(prompt, max_tokens=count))
            return text, model.device.cycles

    def open_model(self, address: str, path: str) -> None:
        """Load a model as an application does, and keep it."""
        self.model = LLM(path, address)

    def answer(self, prompt: str, count: int) -> str:
        """Return a text of the model that is kept."""
        return "".join(self.model.stream(prompt, max_tokens=count))

    def recover(self) -> None:
        """Have the model that is kept begin anew."""
        self.model.recover()

    def close_model(self) -> None:
        """Give up the model that is kept."""
        self.model.close()

    def answer_within(self, seconds: float) -> None:
        """Change the deadline of calls."""
        from wingbeat.sw.pynq import channel

        channel.ANSWERING = seconds

    def wait_for_lock(self, seconds: float) -> None:
        """Change how long another process may load its overlay."""
        from wingbeat.sw.pynq import lock

        lock.PATIENCE = seconds

    def lock(self) -> str:
        """Return the path of PYNQ's lock."""
        from wingbeat.sw.pynq.lock import lock_path

        return str(lock_path())

    def use_overlay(self, bitstream: str, port: int, path: str, prompt: str, count: int) -> Any:
        """Do what a user of PYNQ does, with PYNQ's own remote device."""
        from pynq import Device
        from pynq.pl_server.remote_device import RemoteDevice

        from wingbeat.sw.pynq.overlay import WingbeatOverlay

        device = RemoteDevice(0, "127.0.0.1", port)
        Device.active_device = device
        shares: list[float] = []
        with WingbeatOverlay(bitstream) as overlay:
            overlay.load(path, progress=lambda step, share: shares.append(share))
            identity = int(overlay.wingbeat.register_map.IDENTITY)
            driver = type(overlay.wingbeat).__name__
            text = "".join(overlay.stream(prompt, max_tokens=count))

            async def collect() -> list[str]:
                return [piece async for piece in overlay.astream(prompt, max_tokens=count)]

            again = "".join(asyncio.run(collect()))
            buffer = overlay.allocate((16,), "u4")
            buffer[:] = range(16)
            buffer.sync_to_device()
            address = int(buffer.device_address)
            buffer.freebuffer()
            throughput = dataclasses.asdict(overlay.throughput_test())
        device.client.channel.close()
        return {
            "driver": driver,
            "identity": identity,
            "texts": [text, again],
            "address": address,
            "shares": shares,
            "throughput": throughput,
        }

    def notebook(self, path: str, folder: str, port: int) -> list[str]:
        """Execute a notebook in a folder; return what it printed and showed."""
        import os

        import nbformat
        from nbclient import NotebookClient

        os.environ["BOARD_PORT"] = str(port)
        notebook = nbformat.read(path, as_version=4)
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=120, resources=resources).execute()
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        return [output.get("text") or output["data"].get("text/plain", "") for output in outputs]

    def environment(self, name: str, value: str | None) -> None:
        """Set or take away a variable."""
        import os

        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value

    def overlay_of(self, bitstream: str, port: int) -> dict[str, Any]:
        """Load an overlay, and return what PYNQ says of it."""
        from pynq import Clocks

        from wingbeat.sw.pynq.overlay import WingbeatOverlay
        from wingbeat.sw.pynq.remote import Board

        board = Board("127.0.0.1", port)
        try:
            overlay = WingbeatOverlay(bitstream, board)
            return {
                "architecture": board.arch,
                "blocks": sorted(overlay.ip_dict),
                "clock_mhz": float(Clocks.fclk0_mhz),
                "registers": len(overlay.ip_dict["wingbeat"]["registers"]),
            }
        finally:
            board.close()

    def descriptors(self) -> dict[str, bytes]:
        """Return PYNQ's own description of its protocol."""
        from pynq.remote import buffer_pb2, mmio_pb2, remote_device_pb2

        return {
            module.DESCRIPTOR.package: module.DESCRIPTOR.serialized_pb
            for module in (buffer_pb2, mmio_pb2, remote_device_pb2)
        }

    def close(self) -> None:
        """Give up the device."""
        self.kept.clear()
        if self.device is not None:
            self.device.close()
        self.device = None


def serve(channel: Any) -> None:
    """Carry out requests until the channel closes."""
    host = Host()
    for name, arguments in channel:
        try:
            channel.send(("ok", getattr(host, name)(*arguments)))
        except WingbeatError as error:
            channel.send((type(error).__name__, str(error)))
        except Exception as error:
            channel.send((f"unexpected {type(error).__name__}", str(error)))


if __name__ == "__channelexec__":
    serve(channel)  # type: ignore[name-defined]  # noqa: F821 - execnet puts it here
