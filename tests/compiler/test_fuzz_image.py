from pathlib import Path

import pytest
from tests.compiler import fuzz_image
from tests.compiler.damage import leaking
from tests.compiler.fuzz_image import damaged_image, fuzz, sound_images
from tests.compiler.image_file import Parts


def test_300_damaged_images() -> None:
    outcome = fuzz(300, seed=1)
    assert outcome.accepted + outcome.refused == 300
    # were nothing accepted, check sums would have hidden everything behind them
    assert outcome.accepted > 15


def test_a_case_is_always_the_same_file(tmp_path: Path) -> None:
    sound = sound_images(tmp_path)[0]
    before = sound.file()
    assert damaged_image(sound, 1, 5) == damaged_image(sound, 1, 5) != damaged_image(sound, 1, 6)
    assert sound.file() == before


def test_parts_make_the_file_again(tmp_path: Path) -> None:
    sound = sound_images(tmp_path)[0]
    again = Parts.of(sound.file())
    again.seal()
    assert again == sound


def test_the_fuzzer_finds_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_image, "use", leaking(fuzz_image.use, after=2))
    with pytest.raises(KeyError) as caught:
        fuzz(3, seed=1)
    assert caught.value.__notes__ == ["fuzz case 0 of seed 1"]
