"""A board: its memory, its part, and the accelerator that suits it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wingbeat.hw.config import AcceleratorConfig, explain
from wingbeat.hw.errors import ConfigError


class BoardMemory(BaseModel):
    """Memory that holds the image.

    Attributes
    ----------
    kind : such as DDR4 or HBM2
    mebibytes : capacity
    gigabytes_per_second : peak bandwidth of the device, whatever the ports can take of it
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    mebibytes: int = Field(gt=0)
    gigabytes_per_second: float = Field(gt=0)


class Board(BaseModel):
    """One board, as its YAML file describes it.

    Attributes
    ----------
    name : what `--board` takes
    title : vendor and product
    part : FPGA part number
    host : how a host reaches it: `pynq`, `xrt`, `serial` or `simulation`
    memory : device memory
    accelerator : the configuration that is built for it by default
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    part: str
    host: str
    memory: BoardMemory
    accelerator: AcceleratorConfig


def board_names() -> tuple[str, ...]:
    """Return the boards that the package knows."""
    folder = files("wingbeat.boards")
    return tuple(
        sorted(entry.name[: -len(".yaml")] for entry in folder.iterdir() if _is_board(entry))
    )


def _is_board(entry: Any) -> bool:
    return bool(entry.name.endswith(".yaml"))


@cache
def load_board(name: str) -> Board:
    """Return a board by name; ConfigError lists the names there are."""
    if name not in board_names():
        raise ConfigError(f"board must be one of {', '.join(board_names())}, not `{name}`")
    text = (files("wingbeat.boards") / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        return Board.model_validate(yaml.safe_load(text) | {"name": name})
    except ValidationError as error:
        raise ConfigError(f"board `{name}`: {explain(error)}") from None
