"""Both files of an overlay, beside each other."""

from __future__ import annotations

import hashlib
from pathlib import Path

from wingbeat.boards.overlay.bitfile import Description, simulation_bit_file
from wingbeat.boards.overlay.design import Design
from wingbeat.boards.overlay.handoff import handoff


def write_simulation_pair(design: Design, folder: Path) -> Path:
    """Write .hwh and .bit for a simulated board; both or what was there before.

    The .bit holds the hash of the .hwh: PYNQ keeps what it parsed by the .bit's hash alone, and
    would go on using an old register map otherwise.

    Returns
    -------
    Path of the .bit.
    """
    described = handoff(design)
    digest = hashlib.sha256(described).hexdigest()
    bitstream = simulation_bit_file(Description(design.config, digest), design.name, design.part)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {folder / f"{design.name}.hwh": described, folder / f"{design.name}.bit": bitstream}
    for path, contents in paths.items():
        aside = path.with_name(f".{path.name}.{digest[:8]}")
        aside.write_bytes(contents)
        aside.replace(path)
    return folder / f"{design.name}.bit"
