import json
from pathlib import Path

import pytest
from tests.sim.runner import TINY
from tests.sw.cli.terminal import wingbeat

PROMPT = ("--prompt", "ROMEO.")


def test_a_timeline_is_written_and_the_counters_shown(image_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    ended = wingbeat("trace", image_file, *PROMPT, "-o", output)
    assert ended.code == 0
    assert "MISC" in ended.out
    assert f"instructions in {output}: open it at ui.perfetto.dev" in ended.err
    assert json.loads(output.read_text())["traceEvents"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    assert output.stat().st_mode & 0o777 == 0o644


def test_json(image_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    ended = wingbeat("trace", image_file, *PROMPT, "-o", output, "--json", "--max-tokens", "3")
    facts = json.loads(ended.out)
    timeline = json.loads(output.read_text())
    assert facts["events"] == len(timeline["traceEvents"])
    assert facts["device"] == "isa"
    assert facts["counters"]["retired"] > 500
    assert sum(event["name"].startswith("token ") for event in timeline["traceEvents"]) == 3


@pytest.mark.parametrize(("words", "complaint"), [
    (["--device", "gpu"], "device must be isa or rtl for a trace, not `gpu`"),
    (["--waves", "w.vcd"], "device must be rtl for waves, not `isa`"),
    (["--device", "rtl", "--waves", "w.png"],
     "waves must be a file that ends in .fst or .vcd, not `w.png`"),
    (["-o", "none/out.json"], "output `none/out.json` must be writable: No such file or directory"),
    (["--prompt", ""], "a prompt must have at least one token, and this is empty"),
])  # fmt: skip
def test_what_is_refused(
    words: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wingbeat("trace", TINY, *PROMPT, *words).complaint == complaint
    assert not list(tmp_path.iterdir())
