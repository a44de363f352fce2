"""The host's side of `benchmarks.pynq`: runs in PYNQ's environment, and prints one JSON object."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path

from wingbeat.compiler.image import load_image
from wingbeat.sw.device.opening import open_device
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.session import Session


def main() -> None:
    """Generate tokens on a device; the arguments are its name, an image, the prompt, a count."""
    name, path, prompt, count = sys.argv[1:]
    image = load_image(Path(path))
    device = open_device(name)
    assert isinstance(device, DriverDevice)
    begin = time.monotonic()
    device.load(image)
    loaded = time.monotonic() - begin
    session = Session(device, image, patience=600.0)
    tokens, received = [], []
    before = dataclasses.asdict(device.traffic)
    for token in session.generate(json.loads(prompt), int(count)):
        received.append(time.monotonic())
        tokens.append(token)
    after = dataclasses.asdict(device.traffic)
    print(
        json.dumps(
            {
                "tokens": tokens,
                "cycles": device.cycles,
                "received": received,
                "load_seconds": loaded,
                "traffic": {key: after[key] - before[key] for key in after},
            }
        )
    )
    device.close()


if __name__ == "__main__":
    main()
