import httpx
import openai
import pytest
from tests.sw.serving.served import serving

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import RequestError
from wingbeat.sw.serving.access import check_exposure


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_no_key(host: str) -> None:
    check_exposure(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "board.example"])
def test_others_need_one(host: str) -> None:
    check_exposure(host, "key")
    for none in (None, ""):
        with pytest.raises(RequestError, match=f"not {host}, unless WINGBEAT_API_KEY is set"):
            check_exposure(host, none)


def test_nobody_asks_without_the_key(short: Image) -> None:
    with serving(short, key="open sesame") as served:
        for given in ("none", "open sesame!", "ä"):
            headers = {b"Authorization": f"Bearer {given}".encode("latin-1")}
            answer = httpx.get(f"{served.url}/v1/models", headers=headers)
            assert answer.status_code == 401
        assert httpx.post(f"{served.url}/v1/completions", content=b"{").status_code == 401
        with (
            openai.OpenAI(base_url=f"{served.url}/v1", api_key="wrong") as stranger,
            pytest.raises(openai.AuthenticationError, match="must have the key of this server"),
        ):
            stranger.models.list()
        with openai.OpenAI(base_url=f"{served.url}/v1", api_key="open sesame") as client:
            assert [model.id for model in client.models.list()] == ["tiny"]
        for path in ("/", "/health", "/metrics"):
            assert httpx.get(served.url + path).status_code == 200
