import pytest
from tests.hw.isa import fuzz_decode
from tests.hw.isa.fuzz_decode import fuzz


def test_20000_words() -> None:
    outcome = fuzz(20_000, seed=1)
    assert outcome.accepted > 1000
    assert outcome.refused > 1000


def test_the_fuzzer_names_the_word_that_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(word: int) -> None:
        raise KeyError(word)

    monkeypatch.setattr(fuzz_decode, "decode", leaky)
    with pytest.raises(KeyError) as caught:
        fuzz(1, seed=1)
    assert caught.value.__notes__[0].startswith("word 0x")
