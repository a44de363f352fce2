from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.sim.runner import TINY
from tests.sw.pynq.far import PYTHON, Far

from wingbeat.boards.board import load_board
from wingbeat.boards.overlay.design import Design, overlay_design
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import Image, load_image, save_image
from wingbeat.sim.rtl.board import SimulatedBoard
from wingbeat.sw.board.listening import Listening
from wingbeat.sw.board.server import BoardServer

MEMORY = 16 << 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and not PYTHON.exists():
            item.add_marker(pytest.mark.skip(reason="`make test` builds .venv-pynq for PYNQ"))


@dataclass
class Served:
    """A board server in this process."""

    hardware: SimulatedBoard
    server: BoardServer

    @property
    def address(self) -> str:
        return f"pynq://127.0.0.1:{self.server.port}"


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tiny.gguf for board sim1, with a context of 64."""
    found = tmp_path_factory.mktemp("image") / "tiny.safetensors"
    save_image(compile_model(TINY, load_board("sim1"), context=64).image, found)
    return found


@pytest.fixture(scope="session")
def image(path: Path) -> Image:
    return load_image(path)


@pytest.fixture(scope="session")
def design() -> Design:
    return replace(overlay_design(load_board("sim1")), memory_bytes=MEMORY)


@pytest.fixture
def serve(design: Design) -> Iterator[Callable[..., Served]]:
    """Start servers; they end with the test."""
    servers: list[BoardServer] = []

    def start(hardware: SimulatedBoard | None = None, **listening: Any) -> Served:
        board = hardware or SimulatedBoard(design.config, design.memory_bytes)
        server = BoardServer(design, board, Listening(**{"port": 0, **listening}))
        servers.append(server)
        return Served(board, server)

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()


@pytest.fixture(scope="module")
def far_module() -> Iterator[Far]:
    far = Far()
    yield far
    far.exit()


@pytest.fixture
def far(far_module: Far) -> Iterator[Far]:
    yield far_module
    far_module.close()
