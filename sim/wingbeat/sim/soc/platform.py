"""Platforms: classes of processing elements, what tasks cost on them, bandwidth between them."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    ValidationError,
    model_validator,
)

from wingbeat.hw.config import explain
from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.graph import UNSUPPORTED
from wingbeat.sim.soc.machine import Machine


class Platform(BaseModel):
    """A platform, as its YAML file describes it.

    Attributes
    ----------
    name : what commands take
    title : what it is
    source : where the figures are from
    unit : what a tick is
    elements : classes of elements and how many there are of each
    costs : ticks of a type of task on each class; a class that is not named cannot execute it
    speeds : of classes that can execute tasks which say how much work they are
    bandwidth : amount of data per tick between two elements, unless a link says otherwise
    links : class, class, amount of data per tick, in both directions
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = ""
    source: str = ""
    unit: str = "ticks"
    elements: dict[str, int] = Field(min_length=1)
    costs: dict[str, dict[str, NonNegativeInt]]
    speeds: dict[str, PositiveFloat] = {}
    bandwidth: PositiveFloat
    links: tuple[tuple[str, str, PositiveFloat], ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Platform:
        for name, count in self.elements.items():
            if count < 1:
                raise ValueError(f"elements of class `{name}` must be at least 1, not {count}")
        named = {name for row in self.costs.values() for name in row}
        named |= self.speeds.keys()
        named |= {name for one, other, _ in self.links for name in (one, other)}
        for name in sorted(named - self.elements.keys()):
            raise ValueError(
                f"class of elements must be one of {', '.join(self.elements)}, not `{name}`"
            )
        return self

    def machine(self) -> Machine:
        """Return the elements; the elements of a class are numbered if there are several."""
        classes = [name for name, count in self.elements.items() for _ in range(count)]
        names = [
            name if count == 1 else f"{name}.{number}"
            for name, count in self.elements.items()
            for number in range(count)
        ]
        rates = {pair: rate for one, other, rate in self.links for pair in _both(one, other)}
        return Machine(
            names,
            classes,
            [[rates.get((a, b), self.bandwidth) for b in classes] for a in classes],
        )

    def row(self, costs: dict[str, int]) -> list[int]:
        """Return costs by class as costs by element."""
        return [
            costs.get(name, UNSUPPORTED)
            for name, count in self.elements.items()
            for _ in range(count)
        ]


def _both(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)


def read_platform(path: Path) -> Platform:
    """Return the platform that a YAML file describes.

    Raises
    ------
    ScheduleError
        If the file cannot be read, or does not describe a platform.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScheduleError(f"platform `{path}` must be readable: {error.strerror}") from None
    except (ValueError, RecursionError, yaml.YAMLError):
        raise ScheduleError(f"platform `{path}` must be YAML") from None
    if not isinstance(value, dict):
        raise ScheduleError(f"platform `{path}` must be a mapping, not {type(value).__name__}")
    try:
        return Platform.model_validate({"name": path.stem} | value)
    except ValidationError as error:
        raise ScheduleError(f"platform `{path}`: {explain(error)}") from None
