"""`wingbeat serve` over the real XRT library: two requests at once on one card."""

from tests.sw.serving.served import Told, alone, job, serving

from wingbeat.compiler.image import Image
from wingbeat.sim.xrt.card import EmulatedCard


def test_requests_share_a_card(card: EmulatedCard, image: Image) -> None:
    prompts = ["DUKE.", "LEAR."]
    with serving(image, "xrt:0", turn=2) as served:
        told: list[Told] = []
        for prompt in prompts:
            one, client = job(served.llm, prompt, 3)
            served.engine.submit(one)
            told.append(client)
        for client in told:
            client.wait()
    assert [client.text for client in told] == [alone(image, prompt, 3) for prompt in prompts]
