"""`wingbeat board emulate`: the card that other programs get."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sim.runner import TINY
from tests.sw.cli.terminal import wingbeat

from wingbeat.sw.xrt import installation
from wingbeat.sw.xrt.library import LIBRARY

MAIN = "import sys; from wingbeat.sw.cli.app import main; main(sys.argv[1:])"

RUN = ["run", str(TINY), "--board", "sim1", "--context", "64", "--prompt", "The king"]
RUN += ["--raw", "--max-tokens", "3", "--json"]


@pytest.mark.usefixtures("environment")
def test_a_command_has_a_card_while_it_runs(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    script = f"import os; os.dup2(os.open({str(out)!r}, os.O_WRONLY | os.O_CREAT), 1); {MAIN}"
    command = [sys.executable, "-c", script, *RUN, "--device", "xrt:0"]
    ended = wingbeat("board", "emulate", "--", *command)
    assert ended.code == 0
    assert "a client has the card" in ended.err
    wanted = json.loads(wingbeat(*RUN, "--device", "isa").out)
    assert json.loads(out.read_text())["text"] == wanted["text"]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("ending", "code"), [
    ("raise SystemExit(7)", 7),
    ("import os; os.kill(os.getpid(), 9)", 137),
])  # fmt: skip
def test_the_exit_code_of_a_command_is_passed_on(ending: str, code: int) -> None:
    assert wingbeat("board", "emulate", "--", sys.executable, "-c", ending).code == code


@pytest.mark.usefixtures("environment")
def test_a_command_that_is_not_there_is_refused() -> None:
    ended = wingbeat("board", "emulate", "--", "/no/such/program")
    assert ended.code == 1
    assert "command `/no/such/program` must be there: No such file" in ended.err


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_without_a_command_a_shell_can_have_the_card(ending: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "board", "emulate"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = ""
    while "Ctrl-C" not in said:
        said = process.stderr.readline()
        assert said, process.wait()
    # a long line is one line
    path = Path(said.split("`. ")[1].split("`")[0])
    shell = subprocess.run(
        ["sh", "-c", f". {path}; echo $XCL_EMULATION_MODE; test -S /tmp/$USER/$EMULATION_SOCKETID"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (shell.stdout, shell.returncode) == ("hw_emu\n", 0)
    process.send_signal(ending)
    process.stderr.close()
    assert process.wait(60) == 0
    assert not path.exists()


def test_without_xrt_nothing_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installation, "AMD", tmp_path)
    monkeypatch.setattr(installation, "DEBIAN", tmp_path)
    monkeypatch.delenv("XILINX_XRT", raising=False)
    assert "XRT must be installed" in wingbeat("board", "emulate", "--", "true").complaint


def test_debians_libraries_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    debian = tmp_path / "x86_64-linux-gnu"
    debian.mkdir()
    (debian / LIBRARY).touch()
    monkeypatch.setattr(installation, "AMD", tmp_path / "amd")
    monkeypatch.setattr(installation, "DEBIAN", debian)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("XILINX_XRT", raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/mine")
    for _ in range(2):
        found = installation.variables()
        assert (Path(found["XILINX_XRT"]) / "lib" / LIBRARY).exists()
        assert found["LD_LIBRARY_PATH"] == f"{found['XILINX_XRT']}/lib:/mine"
    assert os.readlink(Path(found["XILINX_XRT"]) / "lib") == str(debian)
