import pytest
from tests.sw.cli.terminal import wingbeat

from wingbeat.hw.errors import ConfigError
from wingbeat.sw.cli import boards


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The command `boards` raises this."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(boards, "board_names", fail)


def test_an_interrupt_is_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    ended = wingbeat("boards")
    assert (ended.code, ended.out) == (130, "")
    assert "Traceback" not in ended.err


def test_an_error_of_the_family_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ConfigError("[red]a board[/] must be \\[sound]"))
    assert wingbeat("boards").complaint == "[red]a board[/] must be \\[sound]"


def test_any_other_error_is_a_bug_and_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ZeroDivisionError("bug"))
    with pytest.raises(BaseException, match="bug"):
        wingbeat("boards")


def test_help_lists_the_commands() -> None:
    ended = wingbeat("--help")
    assert ended.code == 0
    assert all(name in ended.out for name in ("run", "compile", "disasm", "info", "boards"))
