"""What every device checks before it takes an image, and before it starts a program."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping

from wingbeat.compiler.image import Image
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.instructions import ISA_VERSION
from wingbeat.hw.isa.program import Program
from wingbeat.hw.verify.verifier import verify


def check_image(image: Image, device: str, config: AcceleratorConfig, room: int) -> None:
    """Refuse an image that a device cannot run.

    Parameters
    ----------
    image : to be loaded
    device : name for the error
    config : what the device is
    room : bytes of memory that it has

    Raises
    ------
    DeviceError
        If instruction set or configuration differ, or a region is no whole bus words, or the
        regions do not fit the memory.
    ProgramError
        If the verifier refuses the program.
    """
    check_identity(image, device, ISA_VERSION, config.digest)
    size = sum(region.bytes_on(config.ports) for region in image.memory.regions)
    if size > room:
        raise DeviceError(
            f"device {device} has {room >> 20} MiB of memory, not {-(-size >> 20)} MiB that the "
            "image needs: compile the model for a shorter context or fewer slots"
        )
    check_program(image, device)


def check_identity(image: Image, device: str, isa_version: int, digest: str) -> None:
    """Refuse an image for another instruction set or another configuration; DeviceError."""
    manifest = image.manifest
    if manifest.isa_version != isa_version:
        raise DeviceError(
            f"device {device} runs ISA version {isa_version}, not {manifest.isa_version} of the "
            "image: compile the model again"
        )
    if manifest.config_digest != digest:
        raise DeviceError(
            f"device {device} has configuration {digest}, not {manifest.config_digest} "
            f"that the image was compiled for (board {manifest.board})"
        )


def check_program(image: Image, device: str) -> None:
    """Refuse an image whose regions are no whole bus words, or whose program is not sound."""
    config = image.manifest.config
    for region in image.memory.regions:
        if region.beats % config.word_beats:
            raise DeviceError(
                f"device {device} reads words of {config.word_beats} beats: region "
                f"`{region.name}` must be a multiple of that, not {region.beats}: compile the "
                "model again"
            )
    verify(image.program, image.memory, config)


def check_arguments(program: Program, arguments: Mapping[str, int]) -> None:
    """Refuse a start whose arguments the verifier did not foresee.

    Raises
    ------
    DeviceError
        If one is missing, unknown, or out of its declared range.
    """
    declared = {argument.name: argument for argument in program.arguments}
    odd = sorted(declared.keys() ^ arguments.keys())
    if odd:
        state = "is missing" if odd[0] in declared else "is unknown"
        raise DeviceError(
            f"a start must set {', '.join(declared)} and nothing else: `{odd[0]}` {state}"
        )
    for name, value in arguments.items():
        low, high = declared[name].low, declared[name].high
        if not low <= value <= high:
            raise DeviceError(f"argument `{name}` must be {low} to {high}, not {value}")


def host_memory() -> int:
    """Return the bytes of memory of this computer, or of what the process may have of it."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return whole if limit == resource.RLIM_INFINITY else min(whole, limit)
