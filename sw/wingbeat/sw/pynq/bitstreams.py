"""Which bitstream makes a board the machine that an image was compiled for."""

from __future__ import annotations

from pathlib import Path

from wingbeat.boards.board import load_board
from wingbeat.boards.overlay.design import overlay_design
from wingbeat.boards.overlay.pair import write_simulation_pair
from wingbeat.compiler.manifest import Manifest
from wingbeat.hw.errors import DeviceError
from wingbeat.sw.board.files import BOARD_NAME
from wingbeat.sw.cache import cache_folder

FOLDER = "overlays"
"""In the cache: bitstreams by configuration."""


def find_bitstream(manifest: Manifest, board_name: str) -> Path:
    """Return the .bit for an image; for a simulated board it is written.

    Parameters
    ----------
    manifest : of the image
    board_name : as the device gives it

    Raises
    ------
    DeviceError
        If there is none for this configuration.
    """
    design = overlay_design(load_board(manifest.board), manifest.config)
    folder = cache_folder() / FOLDER
    if board_name == BOARD_NAME:
        return write_simulation_pair(design, folder)
    path = folder / f"{design.name}.bit"
    if not path.exists():
        raise DeviceError(
            f"board {board_name} must get a bitstream of configuration {manifest.config_digest}: "
            f"put {path.name} and its .hwh into `{folder}`, or name it as pynq://HOST/PATH.bit"
        )
    return path
