"""Every example runs as it stands."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs(example: Path) -> None:
    process = subprocess.run(
        [sys.executable, example], capture_output=True, text=True, timeout=120, check=True
    )
    assert process.stdout.strip()
    assert not process.stderr
