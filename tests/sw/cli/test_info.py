import json
from pathlib import Path

from tests.sim.runner import TINY
from tests.sw.cli.terminal import wingbeat

from wingbeat.compiler.image import Image


def test_a_model_file_is_described() -> None:
    found = json.loads(wingbeat("info", TINY, "--json").out)
    assert found["file"] == {"path": str(TINY), "kind": "GGUF", "bytes": 579872}
    shape = {"layers": 4, "hidden": 128, "heads": 4, "kv_heads": 2, "ffn": 384, "context": 512}
    assert shape.items() <= found["parameters"].items()
    assert {kind: entry["tensors"] for kind, entry in found["tensors"].items()} == {
        "F32": 9, "Q4_1": 28, "Q8_0": 1,
    }  # fmt: skip
    assert found["text"] == {"bos": 0, "stop": [0, 2], "add_bos": False, "chat_template": True}


def test_an_image_is_described(image_file: Path, short: Image) -> None:
    found = json.loads(wingbeat("info", image_file, "--json").out)
    assert found["file"]["kind"] == "image"
    assert found["model"]["name"] == "tiny"
    assert found["machine"]["board"] == "sim4"
    assert found["program"]["context"] == 64
    assert found["program"]["instructions"] == len(short.program.instructions)
    assert found["arguments"]["slot"]["high"] == 1
    assert set(found["regions"]) == {region.name for region in short.memory.regions}


def test_both_have_tables(image_file: Path) -> None:
    for path, words in (TINY, ("GGUF", "Q4_1", "579,872")), (image_file, ("sim4", "control")):
        ended = wingbeat("info", path)
        assert (ended.code, ended.err) == (0, "")
        assert all(word in ended.out for word in words)
