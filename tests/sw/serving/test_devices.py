"""The same server over the RTL: several requests at once in one machine."""

from typing import Any

import pytest
from tests.sim.runner import compiled
from tests.sw.serving.served import Told, alone, job, serving

from wingbeat.boards.board import load_board
from wingbeat.compiler.image import Image

PROMPTS = ["ROMEO.", "DUKE. My", "LEAR. O,"]


@pytest.fixture(scope="module")
def one_lane() -> Image:
    # the machine of tests/sim/rtl/test_recorder.py: it is built once
    return compiled(context=64, slots=3, **load_board("sim1").accelerator.model_dump())


def test_requests_share_the_rtl_and_get_what_the_isa_machine_tells_alone(one_lane: Image) -> None:
    with serving(one_lane, "rtl", turn=2) as served:
        told: list[Told] = []
        for prompt in PROMPTS:
            one, client = job(served.llm, prompt, 3)
            served.engine.submit(one)
            told.append(client)
        with served.client() as client_of_openai:
            options: dict[str, Any] = {"model": "tiny", "temperature": 0, "max_tokens": 3}
            with client_of_openai.completions.create(
                **options, prompt="YORK.", stream=True
            ) as stream:
                text = "".join(chunk.choices[0].text for chunk in stream)
        for client in told:
            client.wait()
    wanted = [alone(one_lane, prompt, 3) for prompt in [*PROMPTS, "YORK."]]
    assert [*(client.text for client in told), text] == wanted
