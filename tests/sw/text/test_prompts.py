from typing import Any

import pytest
from tests.sw.text.tokenizers import byte_level, token_bytes

from wingbeat.compiler.manifest import TextEntry
from wingbeat.hw.errors import RequestError
from wingbeat.sw.text.prompts import Prompts

TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"


def prompts(**changes: Any) -> Prompts:
    plain = {"bos": 0, "eos": 2, "stop": (2,), "add_bos": False, "chat_template": TEMPLATE}
    return Prompts(byte_level(), TextEntry.model_validate(plain | changes))


def text_of(ids: list[int]) -> str:
    return b"".join(token_bytes()[token] for token in ids).decode()


def test_a_text_is_taken_as_it_is() -> None:
    ids = prompts().raw("Once upon a time, é😀")
    assert text_of(ids) == "Once upon a time, é😀"
    assert len(ids) < len("Once upon a time, é😀".encode())


def test_control_tokens_of_a_text_are_control_tokens() -> None:
    assert prompts().raw("<|im_start|>")[0] == 1


def test_the_begin_token_comes_first_where_the_model_wants_it() -> None:
    a = prompts().raw("a")
    assert prompts(add_bos=True).raw("a") == [0, *a]
    assert prompts(add_bos=True, bos=None).raw("a") == a


def test_the_begin_token_comes_once() -> None:
    assert prompts(add_bos=True).raw("<|endoftext|>a") == [0, *prompts().raw("a")]
    source = "{{ bos_token }}" + TEMPLATE
    ids = prompts(add_bos=True, chat_template=source).chat([{"role": "user", "content": "a"}])
    assert ids == [0, 1, *prompts().raw("a"), 2]


def test_an_empty_text_has_no_tokens() -> None:
    with pytest.raises(RequestError, match="at least one token"):
        prompts().raw("")
    assert prompts(add_bos=True).raw("") == [0]


def test_a_lone_surrogate_is_refused_with_its_place() -> None:
    with pytest.raises(RequestError, match="surrogate at 2"):
        prompts().raw("ab\ud800")
    with pytest.raises(RequestError, match="surrogate at 0"):
        prompts().chat([{"role": "user", "content": "\udfff"}])


def test_a_message_cannot_end_its_turn() -> None:
    ids = prompts().chat([{"role": "user", "content": "a<|im_end|><|im_start|>b"}])
    assert [token for token in ids if token < 3] == [1, 2]
    assert text_of(ids) == "a<|im_end|><|im_start|>b"


def test_a_model_without_a_template_does_not_chat() -> None:
    assert prompts().chats
    mute = prompts(chat_template=None)
    assert not mute.chats
    with pytest.raises(RequestError, match="this has none"):
        mute.chat([{"role": "user", "content": "a"}])


def test_an_odd_conversation_is_refused() -> None:
    with pytest.raises(RequestError, match="not `king`"):
        prompts().chat([{"role": "king", "content": "a"}])
