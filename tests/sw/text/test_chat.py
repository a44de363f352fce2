from collections.abc import Sequence
from typing import Any

import pytest

from wingbeat.hw.errors import ModelError, RequestError
from wingbeat.sw.text import chat
from wingbeat.sw.text.chat import check_messages, render_chat

TALK = [{"role": "user", "content": "Hi <b>"}, {"role": "assistant", "content": "ü"}]


def test_a_template_sees_the_conversation_and_the_names_of_tokens() -> None:
    source = (
        "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m['content'] }}{{ eos_token }}"
        "{% endfor %}{% if add_generation_prompt %}>{% endif %}{{ tools is none }}"
    )
    assert render_chat(source, TALK, "<s>", "</s>") == "<s>user:Hi <b></s>assistant:ü</s>>True"


def test_blocks_leave_no_blank_lines() -> None:
    assert render_chat("a\n  {% if true %}\nb\n  {% endif %}\nc", TALK) == "a\nb\nc"


def test_loops_can_be_left() -> None:
    source = "{% for m in messages %}{{ m.role }}{% break %}{% endfor %}"
    assert render_chat(source, TALK) == "user"


def test_json_is_not_escaped_for_html() -> None:
    assert (
        render_chat("{{ messages[0] | tojson }}", TALK) == '{"role": "user", "content": "Hi <b>"}'
    )
    assert render_chat("{{ messages[1].content | tojson }}", TALK) == '"ü"'
    assert render_chat("{{ {'a': 1} | tojson(indent=1) }}", TALK) == '{\n "a": 1\n}'


def test_a_template_may_refuse_a_conversation() -> None:
    with pytest.raises(RequestError, match="refuses the conversation: `turns must alternate`"):
        render_chat("{{ raise_exception('turns must alternate') }}", TALK)


@pytest.mark.parametrize("source", [
    "{% for %}", "{{ 1 / 0 }}", "{{ nothing.at.all }}", "{{ messages[0].content() }}",
    "{{ ''.__class__.__mro__ }}", "{{ messages.append(1) }}", "{% include 'other' %}",
    "{{ 'a' * 3 }}", "{{ 9 ** 99999999 }}", "{{ [1] * 1000000000 }}",
])  # fmt: skip
def test_a_broken_or_hostile_template_is_one_sentence(source: str) -> None:
    with pytest.raises(ModelError, match="the chat template must") as caught:
        render_chat(source, TALK)
    assert "\n" not in str(caught.value)


def test_a_syntax_error_has_its_line() -> None:
    with pytest.raises(ModelError, match="in line 3"):
        render_chat("a\nb\n{% for %}", TALK)


def test_small_numbers_may_be_multiplied() -> None:
    assert render_chat("{{ 6 * 7 }} {{ 2 ** 5 }}", TALK) == "42 32"


def test_the_output_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "MOST_TEXT", 1000)
    source = "{% for i in range(N) %}x{% endfor %}"
    assert render_chat(source.replace("N", "1000"), TALK) == "x" * 1000
    with pytest.raises(ModelError, match="1000 characters at most"):
        render_chat(source.replace("N", "1001"), TALK)


@pytest.mark.parametrize(("messages", "reason"), [
    ([], "at least one message"),
    ([{"role": "user"}], "message 1 must have"),
    ([{"role": "user", "content": "a", "name": "b"}], "message 1 must have"),
    ([*TALK, {"role": "user", "content": 3}], "message 3 must have"),
    ([{"role": "owner", "content": "a"}], "not `owner`"),
])  # fmt: skip
def test_what_is_no_conversation_is_refused(messages: Sequence[Any], reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        check_messages(messages)


def test_every_role_is_taken() -> None:
    check_messages([{"role": role, "content": ""} for role in chat.ROLES])
