import json

from tests.sw.cli.terminal import wingbeat

from wingbeat.boards.board import board_names


def test_every_board_is_listed() -> None:
    ended = wingbeat("boards")
    assert (ended.code, ended.err) == (0, "")
    assert all(f"\n  {name} " in ended.out for name in board_names())


def test_json_has_every_figure() -> None:
    found = json.loads(wingbeat("boards", "--json").out)
    assert sorted(found) == sorted(board_names())
    assert found["sim4"]["accelerator"]["lanes"] == 4
