"""Run the accelerator as any XRT program runs a kernel: by a run object and XRT's scheduler.

    python -m tests.sw.xrt.run_object IMAGE TOKENS

Prints the tokens and the cycles, as JSON. A process of its own, as XRT's library wants one.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from ctypes import c_int, c_uint32, c_void_p
from pathlib import Path

import numpy as np
from tests.sw.xrt.direct import DirectTransport

from wingbeat.boards.xclbin.kernel import arguments
from wingbeat.compiler.image import Image, load_image
from wingbeat.hw.control import RING_WORD, ControlBlock, State
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.register_map import RegisterMap
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.xrt.emulation import awake, claim, watch

PROMPT = [5, 77, 300, 12, 9]

COMPLETED = 4
"""State of a run that has ended well (`ERT_CMD_STATE_COMPLETED`)."""

DEADLINE = 60.0


def run(transport: DirectTransport, image: Image, values: dict[int, int]) -> None:
    """Have XRT write every argument and start the kernel; wait for the end.

    Parameters
    ----------
    transport : with an image loaded
    image : what is loaded
    values : of scalar registers, by offset
    """
    xrt = transport.card._xrt
    xrt.xrtRunOpen.restype, xrt.xrtRunOpen.argtypes = c_void_p, [c_void_p]
    handle = c_void_p(xrt.xrtRunOpen(transport.card._kernel))
    for index, argument in enumerate(arguments(image.manifest.config)):
        value: ctypes._SimpleCData[int] | c_void_p = c_uint32(values.get(argument.offset, 0))
        if argument.port is not None:
            value = c_void_p(transport.handles[argument.port])
        assert xrt.xrtRunSetArg(handle, c_int(index), value) == 0, argument.name
    assert xrt.xrtRunStart(handle) == 0
    deadline = time.monotonic() + DEADLINE
    while (state := xrt.xrtRunState(handle)) != COMPLETED:
        assert time.monotonic() < deadline, state
        time.sleep(0.01)


def main() -> None:
    """Run it."""
    image, count = load_image(Path(sys.argv[1])), int(sys.argv[2])
    claim()
    watch()
    with awake():
        transport = DirectTransport(os.environ["WINGBEAT_XCLBIN"])
        device = DriverDevice(transport)
        device.load(image)
        held = {argument.offset: transport.read_register(argument.offset)
                for argument in arguments(image.manifest.config)}  # fmt: skip
        chosen = {"known": len(PROMPT), "generate": count}
        for argument in image.program.arguments:
            offset = RegisterMap.ARGUMENT.word(argument.register - 1)
            held[offset] = chosen.get(argument.name, 0)
        device.write(image.memory["tokens"].start * WORDS_PER_BEAT, PROMPT)
        run(transport, image, held)
        cycles = transport.read_register(RegisterMap.CYCLES.word())
        time.sleep(0.1)
        control = image.memory["control"].start * WORDS_PER_BEAT
        words = device.read(control, RING_WORD + count)
    assert words[ControlBlock.word("state")] == State.FINISHED.value
    assert words[ControlBlock.word("head")] == count
    tokens = [int(word) for word in words[RING_WORD:].astype(np.int64)]
    print(json.dumps({"tokens": tokens, "cycles": cycles}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
