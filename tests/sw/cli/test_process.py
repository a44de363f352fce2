"""The command line as a process of its own: what the shell sees."""

import json
import subprocess
import sys
from pathlib import Path

WINGBEAT = Path(sys.executable).parent / "wingbeat"


def process(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([WINGBEAT, *words], capture_output=True, text=True, timeout=60)


def test_a_text_is_code_0(image_file: Path) -> None:
    words = ["--prompt", "Hi", "--max-tokens", "2", "--json"]
    ended = process("run", str(image_file), *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["statistics"]["generated_tokens"] == 2


def test_an_error_is_code_1_and_one_sentence(tmp_path: Path) -> None:
    ended = process("info", str(tmp_path / "no"))
    assert (ended.returncode, ended.stdout) == (1, "")
    wanted = f"wingbeat: model `{tmp_path}/no` must be a readable file: No such file or directory\n"
    assert ended.stderr == wanted
