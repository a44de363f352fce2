from __future__ import annotations

from pathlib import Path

import pytest
from tests.sw.cli.terminal import wingbeat

from wingbeat.boards.board import load_board


def test_an_overlay_is_two_files(tmp_path: Path) -> None:
    ended = wingbeat("board", "overlay", "--board", "sim1", "-o", str(tmp_path))
    assert ended.code == 0
    name = f"wingbeat_{load_board('sim1').accelerator.digest}"
    assert ended.out.strip() == str(tmp_path / f"{name}.bit")
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.bit", f"{name}.hwh"}


def test_an_overlay_needs_a_processing_system() -> None:
    ended = wingbeat("board", "overlay", "--board", "u280")
    assert (ended.code, ended.out) == (1, "")
    assert "`ports` must be at most 6 on a zynq_ultra_ps_e, not 8" in ended.err


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (("--listen", "0.0.0.0"), "must have a token and TLS"),
        (("--listen", "[::]:1"), "must have a token and TLS"),
        (("--listen", "127.0.0.1:x"), "an address must be HOST or HOST:PORT"),
        (("--token-file", "/nowhere/token"), "token file `/nowhere/token` must be readable"),
        (("--key", "k.pem"), "a certificate and a key, and one of them is missing"),
        (("--board", "nexys"), "board must be one of"),
    ],
)
def test_a_server_that_may_not_be_is_refused_at_once(options: tuple[str, ...], rule: str) -> None:
    ended = wingbeat("board", "serve", *options)
    assert ended.code == 1
    assert rule in ended.err
    assert "Traceback" not in ended.err
