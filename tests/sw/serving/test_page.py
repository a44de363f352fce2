"""The page in a real browser: Debian's Chromium, without a window."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from tests.sw.serving.served import DEADLINE, Faulty, Served, alone, eventually, serving

from wingbeat.compiler.image import Image
from wingbeat.sw import LLM

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None,
    reason="the page needs a browser: `apt-get install chromium` and `pip install playwright`",
)

if find_spec("playwright") is not None:
    from playwright.sync_api import Browser, Page, expect, sync_playwright


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with sync_playwright() as playwright:
        # root may not use the sandbox, and there is nothing here but our own page
        sandbox = os.geteuid() != 0
        with playwright.chromium.launch(
            executable_path=CHROMIUM, chromium_sandbox=sandbox
        ) as chromium:
            yield chromium


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    faults: list[str] = []
    with browser.new_context() as context:
        context.set_default_timeout(1000 * DEADLINE)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
    assert faults == []


def opened(page: "Page", served: Served, most: int = 12) -> None:
    page.goto(served.url)
    expect(page.locator("#model")).to_contain_text("tiny · context")
    page.get_by_label("temperature").fill("0")
    page.get_by_label("tokens at most").fill(str(most))


def say(page: "Page", text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.keyboard.press("Enter")


def test_a_chat_goes_to_and_fro(page: "Page", eight: Image) -> None:
    with LLM(eight) as llm:
        messages = [{"role": "user", "content": "Hi <b>you</b>"}]
        first = "".join(llm.chat(messages, max_tokens=12))
        messages += [{"role": "assistant", "content": first}, {"role": "user", "content": "So?"}]
        second = "".join(llm.chat(messages, max_tokens=12))
    with serving(eight) as served:
        opened(page, served)
        answers, notes = page.locator(".assistant p"), page.locator(".assistant small")
        say(page, "Hi <b>you</b>")
        expect(notes.nth(0)).to_contain_text("first after")
        # what somebody says is text, and never HTML
        assert page.locator(".user p").text_content() == "Hi <b>you</b>"
        say(page, "So?")
        expect(notes.nth(1)).to_contain_text("prompt tokens reused")
        assert answers.all_text_contents() == [first, second]
        page.get_by_role("button", name="new chat").click()
        expect(page.locator("article")).to_have_count(0)


def test_an_answer_can_be_stopped(page: "Page", eight: Image) -> None:
    with serving(eight) as served:
        opened(page, served, most=100)
        say(page, "O Romeo, Romeo")
        expect(page.locator(".assistant p")).not_to_be_empty()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".assistant small")).to_have_text("stopped")
        eventually(lambda: served.figure("wingbeat_running_requests") == 0)
        expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_an_error_is_shown_and_the_chat_goes_on(page: "Page", short: Image) -> None:
    with serving(short, Faulty(2)) as served:
        opened(page, served, most=4)
        say(page, "a")
        expect(page.locator(".wrong small")).to_have_text("the device caught fire")
        say(page, "b")
        expect(page.locator(".assistant small").nth(1)).to_contain_text("first after")
        say(page, "long " * 60)
        expect(page.locator(".wrong small").nth(1)).to_contain_text("the context of 64")


def test_a_model_without_a_template_goes_on_from_the_text(page: "Page", short: Image) -> None:
    text = short.manifest.text.model_copy(update={"chat_template": None})
    manifest = short.manifest.model_copy(update={"text": text})
    image = Image(**{**vars(short), "manifest": manifest})
    with serving(image) as served:
        opened(page, served, most=6)
        say(page, "ROMEO.")
        expect(page.locator(".assistant small")).to_contain_text("first after")
        assert page.locator(".assistant p").text_content() == alone(short, "ROMEO.", 6)


def test_a_server_with_a_key_asks_for_it(page: "Page", short: Image) -> None:
    with serving(short, key="open sesame") as served:
        page.goto(served.url)
        expect(page.locator("#model")).to_have_text("a request must have the key of this server")
        page.get_by_label("key of this server").fill("open sesame")
        page.keyboard.press("Tab")
        expect(page.locator("#model")).to_contain_text("tiny · context")
        page.get_by_label("tokens at most").fill("2")
        say(page, "a")
        expect(page.locator(".assistant small")).to_contain_text("first after")
