import pytest
from tests.sim.runner import compiled

from wingbeat.compiler.image import Image


@pytest.fixture(scope="session")
def tiny() -> Image:
    """tiny.gguf for board sim4."""
    return compiled()


@pytest.fixture(scope="session")
def short() -> Image:
    """tiny.gguf with a context of 64 and two slots."""
    return compiled(context=64, slots=2)
