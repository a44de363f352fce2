"""The real XRT library, and the RTL behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from tests.sw.xrt.faulty import FaultyBoard

from wingbeat.compiler.image import Image, save_image
from wingbeat.hw.control import State
from wingbeat.sim.xrt.card import PACKET_BYTES, EmulatedCard
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.opening import open_device
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.session import Session
from wingbeat.sw.xrt.installation import variables
from wingbeat.sw.xrt.transport import XrtTransport

PROMPT = [5, 77, 300, 12, 9]


def generated(device: Device, image: Image) -> tuple[list[int], int]:
    device.load(image)
    return list(Session(device, image).generate(PROMPT, 6)), device.cycles


def test_tokens_and_cycles_are_those_of_every_other_machine(
    card: EmulatedCard, image: Image
) -> None:
    device = open_device("xrt:0")
    assert device.name == "xrt:0"
    found = generated(device, image)
    assert found == generated(RtlDevice(), image)
    assert found[0] == generated(IsaDevice(), image)[0]
    # again, on a card that is not new
    assert generated(device, image) == found
    device.close()
    device.close()


def test_a_run_is_aborted_in_flight(card: EmulatedCard, image: Image) -> None:
    device = open_device("xrt:0")
    device.load(image)
    tokens = Session(device, image).generate(PROMPT, 50)
    next(tokens)
    tokens.close()
    assert device.advance(time.monotonic()) is State.ABORTED
    assert list(Session(device, image).generate(PROMPT, 6)) == generated(IsaDevice(), image)[0]
    device.close()


def test_transfers_of_every_size_arrive(card: EmulatedCard, board: FaultyBoard) -> None:
    # the library's buffer for messages moves when it grows, unless the first message is the largest
    transport = XrtTransport()
    rng = np.random.default_rng(1)
    sizes = (1, 2, 63, 64, 65, 4095, 4097, PACKET_BYTES - 1, PACKET_BYTES, PACKET_BYTES + 1)
    buffer = transport.allocate(2 * PACKET_BYTES, 0)
    other = transport.allocate(5, 0)
    assert other.address % 4096 == buffer.address % 4096 == 0
    for size in (*sizes, *sizes[::-1]):
        for offset in (0, 3, 4096):
            data = rng.integers(0, 256, size, np.uint8)
            buffer.write(offset, data)
            assert (buffer.read(offset, size) == data).all()
            assert (board.board.read_memory(buffer.address + offset, size) == data).all()
    for each in (buffer, other, other):
        each.free()
    transport.close()


def test_xrts_own_scheduler_runs_the_kernel(
    card: EmulatedCard, image: Image, tmp_path: Path
) -> None:
    # arguments from 0x10, start and end at 0x00: what every XRT program relies on
    path = tmp_path / "image.safetensors"
    save_image(image, path)
    command = [sys.executable, "-m", "tests.sw.xrt.run_object", str(path), "6"]
    folder = Path(__file__).parents[3]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=folder, start_new_session=True,
        env=os.environ | variables(),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert (found["tokens"], found["cycles"]) == generated(RtlDevice(), image)
