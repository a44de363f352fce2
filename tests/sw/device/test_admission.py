import dataclasses
from typing import Any

import pytest

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError, ProgramError
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.sw.device.admission import check_arguments, check_image

PROGRAM = Program(
    (), (Argument("known", 1, 2, 9, "tokens"), Argument("slot", 2, 0, 0, "which one"))
)


ROOM = 1 << 30


def changed(image: Image, **fields: Any) -> Image:
    return dataclasses.replace(image, manifest=image.manifest.model_copy(update=fields))


def test_a_sound_image_is_taken(short: Image) -> None:
    check_image(short, "toy", short.manifest.config, ROOM)


def test_another_instruction_set_is_refused(short: Image) -> None:
    with pytest.raises(DeviceError, match=r"device toy runs ISA version 1, not 2 of the image"):
        check_image(changed(short, isa_version=2), "toy", short.manifest.config, ROOM)


def test_another_machine_is_refused(short: Image) -> None:
    config = short.manifest.config
    other = type(config).parse({**config.model_dump(), "lanes": 8})
    with pytest.raises(DeviceError, match=f"{other.digest}, not {config.digest}") as caught:
        check_image(short, "toy", other, ROOM)
    assert "sim4" in str(caught.value)


def test_another_clock_is_the_same_machine(short: Image) -> None:
    config = short.manifest.config
    check_image(short, "toy", type(config).parse({**config.model_dump(), "clock_mhz": 99}), ROOM)


def test_a_region_must_be_whole_bus_words(short: Image) -> None:
    config = short.manifest.config
    wide = type(config).parse({**config.model_dump(), "port_bits": 512})
    odd = [dataclasses.replace(region, beats=4) for region in short.memory.regions]
    odd[2] = dataclasses.replace(odd[2], beats=6)
    image = changed(short, config_digest=wide.digest)
    image = dataclasses.replace(image, memory=type(short.memory)(tuple(odd)))
    name = odd[2].name
    with pytest.raises(DeviceError, match=rf"words of 4 beats: region `{name}` .*, not 6: compile"):
        check_image(image, "toy", wide, ROOM)


def test_an_image_must_fit_the_memory(short: Image) -> None:
    config = short.manifest.config
    size = sum(region.bytes_on(config.ports) for region in short.memory.regions)
    check_image(short, "toy", config, size)
    with pytest.raises(DeviceError, match=f"{size - 1 >> 20} MiB of memory, not {-(-size >> 20)}"):
        check_image(short, "toy", config, size - 1)


def test_a_program_that_the_verifier_refuses_is_refused(short: Image) -> None:
    headless = dataclasses.replace(short.program, instructions=short.program.instructions[:-1])
    with pytest.raises(ProgramError):
        check_image(
            dataclasses.replace(short, program=headless), "toy", short.manifest.config, ROOM
        )


@pytest.mark.parametrize("arguments", [{"known": 2, "slot": 0}, {"slot": 0, "known": 9}])
def test_arguments_within_their_ranges_are_taken(arguments: dict[str, int]) -> None:
    check_arguments(PROGRAM, arguments)


@pytest.mark.parametrize(("arguments", "reason"), [
    ({"known": 2}, "`slot` is missing"),
    ({}, "`known` is missing"),
    ({"known": 2, "slot": 0, "zeal": 1}, "known, slot and nothing else: `zeal` is unknown"),
    ({"known": 1, "slot": 0}, "`known` must be 2 to 9, not 1"),
    ({"known": 10, "slot": 0}, "`known` must be 2 to 9, not 10"),
    ({"known": 2, "slot": -1}, "`slot` must be 0 to 0, not -1"),
])  # fmt: skip
def test_odd_arguments_are_refused(arguments: dict[str, int], reason: str) -> None:
    with pytest.raises(DeviceError, match=reason):
        check_arguments(PROGRAM, arguments)
