import pytest
from tests.sim.runner import compiled

from wingbeat.compiler.image import Image


@pytest.fixture(scope="session")
def eight() -> Image:
    """tiny.gguf with eight slots of 128 positions."""
    return compiled(context=128, slots=8)
