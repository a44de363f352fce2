"""The command line as a process of its own: what the shell sees."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sim.runner import TINY

WINGBEAT = Path(sys.executable).parent / "wingbeat"


def process(*words: str | bytes) -> subprocess.CompletedProcess[str]:
    return subprocess.run([WINGBEAT, *words], capture_output=True, text=True, timeout=60)


def test_a_file_name_that_is_no_unicode_is_as_good_as_any(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a terminal that takes Unicode and nothing else
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")
    path = os.fsencode(tmp_path) + b"/m\xff\xe9.gguf"
    shutil.copy(os.fsencode(TINY), path)
    board = ["--board", "sim4", "--context", "64"]
    commands: list[list[str | bytes]] = [
        ["compile", path, *board, "-o", str(tmp_path / "image"), "--json"],
        ["run", path, *board, "--raw", "--prompt", "a", "--max-tokens", "1", "--json"],
        ["info", path, "--json"],
    ]
    for words in commands:
        ended = process(*words)
        assert ended.returncode == 0, ended.stderr
        assert "m\ufffd\ufffd" in ended.stdout


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
