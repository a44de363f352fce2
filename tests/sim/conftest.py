import pytest
from tests.sim.runner import compiled

from wingbeat.compiler.image import Image


@pytest.fixture(scope="session")
def tiny() -> Image:
    """tiny.gguf for board sim4."""
    return compiled()
