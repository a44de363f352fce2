import dataclasses

import pytest
from tests.hw.verify.programs import CONFIG, MEMORY, accepted, argument, misc, program, refused

from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.operands import VectorView
from wingbeat.hw.isa.program import Argument
from wingbeat.hw.verify import verify


def arguments_refused(*arguments: Argument, because: str) -> None:
    with pytest.raises(ProgramError) as caught:
        verify(program(arguments=arguments), MEMORY, CONFIG)
    assert str(caught.value) == because


def test_arguments_may_have_any_range() -> None:
    accepted(arguments=(argument(1, 0, 2**32 - 1), argument(31, 5, 5)))


@pytest.mark.parametrize("register", [-1, 0, 32])
def test_an_argument_needs_a_register(register: int) -> None:
    arguments_refused(
        Argument("n", register, 0, 1, ""),
        because=f"argument `n`: `register` must be 1 to 31, not {register}",
    )


@pytest.mark.parametrize(("low", "high"), [(-1, 0), (2, 1), (0, 2**32)])
def test_an_argument_needs_a_range(low: int, high: int) -> None:
    arguments_refused(
        Argument("n", 1, low, high, ""),
        because="argument `n`: its range must be within 0 to 4294967295, low to high, "
        f"not {low} to {high}",
    )


def test_arguments_are_distinct() -> None:
    arguments_refused(
        Argument("n", 1, 0, 1, ""),
        Argument("n", 2, 0, 1, ""),
        because="arguments must have distinct names, not `n` twice",
    )
    arguments_refused(
        Argument("n", 1, 0, 1, ""),
        Argument("m", 1, 0, 1, ""),
        because="arguments must have distinct registers, not 1 for both `n` and `m`",
    )


def test_a_field_must_encode() -> None:
    refused(
        misc(a=VectorView(1 << 16)),
        because="instruction 0 (misc.map): `base` of VectorView must be 0 to 65535, not 65536",
    )


def test_the_first_offence_is_named() -> None:
    sound, broken = misc(), misc(destination=VectorView(256))
    refused(
        sound,
        sound,
        broken,
        dataclasses.replace(broken, inner=0),
        because="instruction 2 (misc.map): `destination` reaches word 4111 outside the vector "
        "memory of 4096 words",
    )
