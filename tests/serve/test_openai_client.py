"""The real clients of OpenAI and LangChain talk to the starter over loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import SecretStr

from kakaobot.config import save
from tests.patience import wait_for
from tests.serve.served import PEOPLE, Served, prepare, serving

HELLO: list[Any] = [{"role": "user", "content": "오늘 뭐 해?"}]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(prepare(tmp_path_factory.mktemp("served"))) as served:
        yield served


def post(served: Served, **body: Any) -> Any:
    """The answer as it is on the wire."""
    with served.http() as client:
        return client.post("/v1/chat/completions", json={"messages": HELLO, **body})


def events(text: str) -> list[Any]:
    lines = [line for line in text.split("\n\n") if line and not line.startswith(":")]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_models_are_the_runs_and_the_people_of_a_room(served: Served) -> None:
    with served.http() as client:
        raw = client.get("/v1/models").json()
    assert raw["object"] == "list"
    for item in raw["data"]:
        Model.model_validate(item, strict=True)
        assert item["created"] > 1_600_000_000
    ids = {model.id for model in served.openai().models.list()}
    assert ids == {"main", "slow", "room", *(f"room/{name}" for name in PEOPLE)}


def test_a_completion_has_the_schema_of_openai(served: Served) -> None:
    raw = post(served, model="main", seed=3).json()
    completion = ChatCompletion.model_validate(raw)
    assert set(raw) <= set(ChatCompletion.model_fields)
    [choice] = completion.choices
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 5
    assert 0 < completion.usage.completion_tokens <= 16
    assert completion.usage.total_tokens == (
        completion.usage.prompt_tokens + completion.usage.completion_tokens
    )
    assert not completion.model_extra


def test_the_client_gets_a_reply_and_a_stream_of_the_same_one(served: Served) -> None:
    client = served.openai()
    whole = client.chat.completions.create(model="main", messages=HELLO, seed=5)
    chunks = list(client.chat.completions.create(model="main", messages=HELLO, seed=5, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == (
        whole.choices[0].message.content
    )
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason
    other = client.chat.completions.create(model="main", messages=HELLO, seed=6)
    assert other.choices[0].message.content != whole.choices[0].message.content


@pytest.mark.parametrize("with_usage", [False, True])
def test_a_stream_has_its_chunks_in_order(served: Served, with_usage: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if with_usage else {}
    found = events(post(served, model="main", stream=True, **options).text)
    chunks = [ChatCompletionChunk.model_validate(event) for event in found]
    assert {(chunk.id, chunk.model, chunk.object) for chunk in chunks} == {
        (chunks[0].id, "main", "chat.completion.chunk")
    }
    usage = [chunk for chunk in chunks if not chunk.choices]
    told = [chunk for chunk in chunks if chunk.choices]
    assert told[0].choices[0].delta.role == "assistant"
    assert len(told) > 3, "several pieces"
    assert all(chunk.choices[0].delta.content for chunk in told[1:-1])
    assert all(chunk.choices[0].finish_reason is None for chunk in told[:-1])
    assert found[len(told) - 1]["choices"][0]["delta"] == {}
    assert told[-1].choices[0].finish_reason in ("stop", "length")
    assert len(usage) == int(with_usage)
    if with_usage:
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.completion_tokens > 0


def test_max_tokens_cuts_and_says_so(served: Served) -> None:
    short = post(served, model="slow", max_tokens=4).json()
    assert short["choices"][0]["finish_reason"] == "length"
    assert short["usage"]["completion_tokens"] <= 4
    longer = post(served, model="slow", max_completion_tokens=60).json()
    assert len(longer["choices"][0]["message"]["content"]) > len(
        short["choices"][0]["message"]["content"]
    )


def test_a_stop_ends_the_reply_before_it(served: Served) -> None:
    whole = post(served, model="slow", seed=1, max_tokens=40).json()["choices"][0]
    content = whole["message"]["content"]
    stop = content[len(content) // 2 :][:2]
    before = content[: content.index(stop)]
    cut = post(served, model="slow", seed=1, max_tokens=40, stop=[stop, "없을 말"]).json()
    assert cut["choices"][0]["message"]["content"] == before
    assert cut["choices"][0]["finish_reason"] == "stop"
    stream = events(post(served, model="slow", seed=1, max_tokens=40, stop=stop, stream=True).text)
    told = [event["choices"][0]["delta"].get("content", "") for event in stream]
    assert "".join(told) == before


def test_temperature_zero_repeats_itself(served: Served) -> None:
    replies = {
        post(served, model="slow", temperature=0, max_tokens=12).json()["choices"][0]["message"][
            "content"
        ]
        for _ in range(2)
    }
    assert len(replies) == 1


def test_unknown_fields_and_instructions_are_ignored(served: Served) -> None:
    plain = post(served, model="main", seed=4).json()["choices"]
    messages = [{"role": "system", "content": "너는 비서다."}, *HELLO]
    messages.append({"role": "developer", "content": [{"type": "text", "text": "영어로"}]})
    strange = post(
        served,
        model="main",
        seed=4,
        messages=messages,
        tools=[],
        logit_bias={},
        frequency_penalty=1,
        user="누구",
        이상한것={"깊은": ["값"]},
    )
    assert strange.json()["choices"] == plain


def test_a_name_is_whom_the_user_writes_as(served: Served) -> None:
    named = [{"role": "user", "content": "오늘 뭐 해?", "name": "마루"}]
    tokens = [
        post(served, model="room/도담", messages=messages).json()["usage"]["prompt_tokens"]
        for messages in (HELLO, named)
    ]
    assert tokens[0] != tokens[1]


def test_a_room_replies_with_names_that_it_reads_again(served: Served) -> None:
    first = post(served, model="room", seed=2).json()["choices"][0]["message"]["content"]
    assert first.split(": ")[0] in PEOPLE
    follow = [*HELLO, {"role": "assistant", "content": first}, {"role": "user", "content": "그래"}]
    assert post(served, model="room", messages=follow).status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "main", "messages": []}, "messages"),
        ({"model": "main", "messages": "안녕"}, "messages"),
        ({"model": "main", "messages": [{"content": "안녕"}]}, "messages.0.role"),
        ({"model": "main", "messages": [{"role": "user", "content": 3}]}, "messages.0.content"),
        ({"model": "main", "messages": [{"role": "system", "content": "가"}]}, "messages"),
        ({"messages": HELLO}, "model"),
        ({"model": "main", "messages": HELLO, "temperature": 3}, "temperature"),
        ({"model": "main", "messages": HELLO, "max_tokens": 0}, "max_tokens"),
        ({"model": "main", "messages": HELLO, "n": 2}, "n"),
        (
            {
                "model": "main",
                "messages": [{"role": "user", "content": [{"type": "image_url"}]}],
            },
            "messages",
        ),
    ],
)
def test_what_cannot_be_read_is_named(served: Served, body: dict[str, Any], param: str) -> None:
    with served.http() as client:
        answer = client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert error["message"].endswith(("다.", "요."))


def test_errors_are_those_of_the_client(served: Served) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        served.openai().chat.completions.create(model="gpt-4o", messages=HELLO)
    assert unknown.value.code == "model_not_found"
    assert "gpt-4o" in unknown.value.message
    with pytest.raises(openai.AuthenticationError) as wrong:
        served.openai("kb-00000000-" + "a" * 43).models.list()
    assert wrong.value.code == "invalid_api_key"
    with pytest.raises(openai.BadRequestError):
        served.openai().chat.completions.create(model="main", messages=[])


def test_a_key_may_ask_only_so_often(served: Served) -> None:
    secret, other = served.key("잦은 것"), served.key("다른 것")
    save(served.home.settings_file, {"serve.requests_per_minute": 2})
    try:
        client = served.openai(secret)
        for _ in range(2):
            client.chat.completions.create(model="main", messages=HELLO, max_tokens=1)
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(model="main", messages=HELLO)
        assert refused.value.code == "rate_limit_exceeded"
        assert 0 < int(refused.value.response.headers["retry-after"]) <= 60
        served.openai(other).chat.completions.create(model="main", messages=HELLO, max_tokens=1)
    finally:
        save(served.home.settings_file, {"serve.requests_per_minute": 6000})


def test_a_revoked_key_stops_at_once_in_the_middle_of_a_stream(served: Served) -> None:
    secret = served.key("곧 없앨 것")
    client = served.openai(secret)
    stream = client.chat.completions.create(
        model="slow", messages=HELLO, stream=True, max_tokens=2000
    )
    for _, chunk in zip(range(4), stream, strict=False):
        assert chunk.choices[0].finish_reason is None
    served.keys.revoke(served.access, "곧 없앨 것")
    assert all(chunk.choices[0].finish_reason is None for chunk in stream)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()
    wait_for(lambda: not served.chat._line.tickets)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_stops_the_generation(served: Served, stream: bool) -> None:
    client = served.openai()
    body: Any = {"model": "slow", "messages": HELLO, "max_tokens": 4000, "stream": stream}
    if stream:
        reply = client.chat.completions.create(**body)
        next(iter(reply))
        assert served.chat._line.tickets
        reply.close()
    else:
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=1.5).chat.completions.create(**body)
    wait_for(lambda: not served.chat._line.tickets)
    # The whole reply would have taken minutes.
    assert post(served, model="slow", max_tokens=2).status_code == 200


def test_two_clients_wait_in_one_line_and_too_many_are_refused(served: Served) -> None:
    long = served.openai().chat.completions.create(
        model="slow", messages=HELLO, stream=True, max_tokens=4000
    )
    next(iter(long))
    answers: list[Any] = []

    def ask() -> None:
        answers.append(post(served, model="slow", max_tokens=2))

    waiting = [threading.Thread(target=ask) for _ in range(8)]
    for thread in waiting:
        thread.start()
    wait_for(lambda: len(served.chat._line.tickets) == 9)
    refused = post(served, model="slow", max_tokens=2)
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "overloaded"
    assert refused.headers["retry-after"] == "5"
    assert not answers
    long.close()
    for thread in waiting:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 8


def test_langchain_talks_to_it(served: Served) -> None:
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(
        model="slow",
        api_key=SecretStr(served.secret),
        base_url=served.base_url,
        max_retries=0,
        max_completion_tokens=12,
        stream_usage=True,
    )
    assert model.invoke("오늘 뭐 해?").content
    pieces = list(model.stream("오늘 뭐 해?"))
    assert len(pieces) > 3
    assert any(piece.usage_metadata for piece in pieces)
