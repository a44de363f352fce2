import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wingbeat.hw.errors import RequestError
from wingbeat.sw.text.stops import LONGEST_STOP, MOST_STOPS, StopStrings

TEXT = st.text("ab.", max_size=20)
STOPS = st.lists(st.text("ab.", min_size=1, max_size=5), max_size=4)


def shown(stops: list[str], parts: list[str]) -> tuple[list[str], bool]:
    watcher = StopStrings(stops)
    found = [watcher.push(part) for part in parts]
    return [*found, watcher.flush()], watcher.found


def until(text: str, stops: list[str]) -> tuple[str, bool]:
    """By growing the text a character at a time."""
    for end in range(len(text) + 1):
        ending = [stop for stop in stops if text[:end].endswith(stop)]
        if ending:
            return text[: end - max(map(len, ending))], True
    return text, False


def cut(text: str, places: set[int]) -> list[str]:
    ends = sorted({0, len(text), *(p for p in places if p < len(text))})
    return [text[a:b] for a, b in itertools.pairwise(ends)]


@given(TEXT, STOPS, st.sets(st.integers(0, 20)))
def test_a_text_ends_at_the_same_place_however_it_is_cut(
    text: str, stops: list[str], places: set[int]
) -> None:
    parts, found = shown(stops, cut(text, places))
    assert ("".join(parts), found) == until(text, stops)


@given(TEXT, STOPS)
def test_no_more_is_held_back_than_may_become_a_stop_string(text: str, stops: list[str]) -> None:
    watcher = StopStrings(stops)
    given_so_far = "".join(map(watcher.push, text))
    held = "" if watcher.found else text[len(given_so_far) :]
    assert held == "" or any(stop.startswith(held) for stop in stops)


def test_a_stop_string_across_three_pieces_is_never_shown() -> None:
    assert shown(["<end>"], ["one<", "en", "d>two"]) == (["one", "", "", ""], True)


def test_the_start_of_a_stop_string_is_shown_when_it_goes_on_otherwise() -> None:
    assert shown(["<end>"], ["one<e", "x"]) == (["one", "<ex", ""], False)


def test_what_is_held_back_comes_at_the_end() -> None:
    assert shown(["<end>"], ["one<en"]) == (["one", "<en"], False)


def test_nothing_follows_a_stop_string() -> None:
    assert shown(["b"], ["abc", "d"]) == (["a", "", ""], True)


def test_of_two_that_end_together_the_longer_counts() -> None:
    assert shown(["b", "ab"], ["xab"]) == (["x", ""], True)


@pytest.mark.parametrize("stops", [[""], ["a" * (LONGEST_STOP + 1)], ["a"] * (MOST_STOPS + 1)])
def test_odd_stop_strings_are_refused(stops: list[str]) -> None:
    with pytest.raises(RequestError, match="must"):
        StopStrings(stops)


def test_the_largest_stop_strings_are_taken() -> None:
    StopStrings(["a" * LONGEST_STOP] * MOST_STOPS)
