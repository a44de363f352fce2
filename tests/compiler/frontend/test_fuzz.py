import pytest
from tests.compiler.damage import leaking
from tests.compiler.frontend import fuzz_gguf
from tests.compiler.frontend.fuzz_gguf import fuzz


def test_500_damaged_files() -> None:
    outcome = fuzz(500, seed=1)
    assert outcome.accepted + outcome.refused == 500
    # were nothing accepted, the rest of the front end would not have been tried
    assert outcome.accepted > 20


def test_the_fuzzer_finds_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_gguf, "read_everything", leaking(fuzz_gguf.read_everything, after=2))
    with pytest.raises(KeyError) as caught:
        fuzz(3, seed=1)
    assert caught.value.__notes__ == ["fuzz case 0 of seed 1"]
