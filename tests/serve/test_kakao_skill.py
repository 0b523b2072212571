"""The skill of a KakaoTalk channel, against a Kakao server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kakaobot.chat.lines import Reply
from kakaobot.config import save
from kakaobot.outgoing import requests, watch
from kakaobot.serve.callback import Callback
from kakaobot.serve.skill import SkillTiming
from kakaobot.serve.skill_json import FETCH, MAX_TEXT, bubbles_of
from tests.patience import wait_for
from tests.serve.served import Served, prepare, serving

USER = "botuserkey-0001"
BUTTON = [{"label": FETCH, "action": "message", "messageText": FETCH}]


@dataclass
class Kakao:
    """Receives callbacks."""

    url: str
    status: int = 200
    received: list[Any] = field(default_factory=list)


@pytest.fixture
def kakao() -> Iterator[Kakao]:
    told = Kakao("")

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told.received.append(json.loads(body))
            self.send_response(told.status)
            if told.status == 302:
                self.send_header("location", told.url)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    told.url = f"http://127.0.0.1:{server.server_address[1]}/v1/callback?token=a"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()


@dataclass
class Channel:
    served: Served
    secret: str

    def post(self, utterance: str, *, callback: str = "", user: str = USER, key: str = "") -> Any:
        """The response to what a user says."""
        request: dict[str, Any] = {
            "utterance": utterance,
            "user": {"id": "u", "type": "botUserKey", "properties": {"botUserKey": user}},
            "block": {"id": "b"},
        }
        if callback:
            request["callbackUrl"] = callback
        with self.served.http(key or self.secret) as client:
            return client.post("/kakao/skill", json={"userRequest": request, "bot": {"id": "봇"}})

    def say(self, utterance: str, **options: Any) -> Any:
        answer = self.post(utterance, **options)
        assert answer.status_code == 200, answer.text
        assert answer.json()["version"] == "2.0"
        return answer.json()

    def fetch(self) -> str:
        """The kept answer, once the button brings it."""
        found: list[str] = []

        def press() -> bool:
            found[:] = texts_of(self.say(FETCH))
            return "오래 걸립니다" not in found[0]

        wait_for(press)
        return found[0]

    def rest(self) -> None:
        """Wait until nothing is written any more."""
        wait_for(lambda: not self.served.chat._line.tickets)


def texts_of(answer: Any) -> list[str]:
    return [output["simpleText"]["text"] for output in answer["template"]["outputs"]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return prepare(tmp_path_factory.mktemp("channel"))


def channel(home: Any, model: str, **timing: float) -> Any:
    save(home.settings_file, {"serve.kakao_model": model, "serve.kakao_users": [USER]})
    return serving(home, callback=Callback(allows_loopback=True), timing=SkillTiming(**timing))


@pytest.fixture
def quick(home: Any) -> Iterator[Channel]:
    """The starter, which has the time that it needs."""
    with channel(home, "main", answer=60.0) as served:
        yield Channel(served, served.key("채널", "kakao"))


@pytest.fixture
def slow(home: Any) -> Iterator[Channel]:
    """A model that is too slow for the first answer, but not for the callback."""
    with channel(home, "slow", answer=0.05, callback=60.0) as served:
        yield Channel(served, served.key("채널", "kakao"))


def test_an_answer_in_time_is_marked_as_that_of_an_ai(quick: Channel, kakao: Kakao) -> None:
    answer = quick.say("오늘 뭐 해?", callback=kakao.url)
    texts = texts_of(answer)
    assert 1 <= len(texts) <= 3
    assert texts[0].startswith("도담 (AI)\n")
    assert "useCallback" not in answer
    assert kakao.received == []
    assert "기다리는 답변이 없습니다" in texts_of(quick.say(FETCH))[0]


def test_what_was_said_before_is_read(quick: Channel) -> None:
    quick.say("나는 마루야")
    quick.say("오늘 뭐 해?")
    running = quick.served.server._running
    assert running is not None
    app: Any = running.server.config.app
    assert [line.from_user for line in app._skill._guests[USER].lines] == [True, False, True, False]


def test_a_room_answers_with_the_names_of_its_people(home: Any) -> None:
    with channel(home, "room", answer=60.0) as served:
        texts = texts_of(Channel(served, served.key("채널", "kakao")).say("저녁 뭐 먹지"))
    assert 1 <= len(texts) <= 3
    assert all(" (AI)\n" in text for text in texts)


def test_a_late_answer_comes_to_the_callback_once(slow: Channel, kakao: Kakao) -> None:
    answer = slow.say("오늘 뭐 해?", callback=kakao.url)
    assert answer["useCallback"] is True
    assert answer["data"]["text"]
    assert "template" not in answer
    wait_for(lambda: kakao.received)
    slow.rest()
    assert len(kakao.received) == 1
    assert texts_of(kakao.received[0])[0].startswith("도담 (AI)\n")
    wait_for(lambda: "기다리는 답변이 없습니다" in texts_of(slow.say(FETCH))[0])
    assert len(kakao.received) == 1


@pytest.mark.parametrize("lost", ["refused", "error", "redirect"])
def test_a_lost_callback_leaves_the_answer_behind_the_button(
    slow: Channel, kakao: Kakao, lost: str
) -> None:
    kakao.status = {"error": 500, "redirect": 302}.get(lost, 200)
    url = "http://127.0.0.1:9/" if lost == "refused" else kakao.url
    assert slow.say("오늘 뭐 해?", callback=url)["useCallback"] is True
    if lost != "refused":
        wait_for(lambda: kakao.received)
    assert slow.fetch().startswith("도담 (AI)\n")
    assert len(kakao.received) <= 1, "never tried again"


@pytest.mark.parametrize("url", ["", "https://evil.example/", "http://bot-api.kakao.com/x"])
def test_without_a_callback_the_button_fetches_the_answer(slow: Channel, url: str) -> None:
    answer = slow.say("오늘 뭐 해?", callback=url)
    assert answer["template"]["quickReplies"] == BUTTON
    assert "useCallback" not in answer
    assert slow.fetch().startswith("도담 (AI)\n")


def test_the_callback_is_called_before_it_expires(home: Any, kakao: Kakao) -> None:
    save(home.settings_file, {"generation.max_new_tokens": 4000})
    try:
        with channel(home, "slow", answer=0.05, callback=0.5) as served:
            channel_of = Channel(served, served.key("채널", "kakao"))
            channel_of.say("오늘 뭐 해?", callback=kakao.url)
            wait_for(lambda: kakao.received)
            assert kakao.received[0]["template"]["quickReplies"] == BUTTON
            busy = channel_of.say("듣고 있어?")
            assert "아직 대답하고 있습니다" in texts_of(busy)[0]
            assert busy["template"]["quickReplies"] == BUTTON
            assert channel_of.say(FETCH)["template"]["quickReplies"] == BUTTON
        wait_for(lambda: not served.chat._line.tickets)
        assert len(kakao.received) == 1
    finally:
        save(home.settings_file, {"generation.max_new_tokens": 16})


def test_a_wrong_secret_and_a_stranger_are_refused(quick: Channel) -> None:
    assert quick.post("안녕", key="kb-00000000-" + "a" * 43).status_code == 401
    assert quick.post("안녕", key=quick.served.secret).status_code == 403
    [text] = texts_of(quick.say("안녕", user="stranger-77"))
    assert "stranger-77" in text
    assert "AI" not in text
    save(quick.served.home.settings_file, {"serve.kakao_users": []})
    assert "허락한 사람에게만" in texts_of(quick.say("안녕"))[0]
    with quick.served.http(quick.secret) as client:
        del client.headers["authorization"]
        own = {"x-kakaobot-key": quick.secret}
        assert client.post("/kakao/skill", json={}, headers=own).status_code == 400
        assert client.post("/kakao/skill", content=b"{", headers=own).status_code == 400


def test_a_user_without_a_key_is_not_a_guest_of_an_empty_name(quick: Channel) -> None:
    with quick.served.http(quick.secret) as client:
        body = {"userRequest": {"utterance": "안녕", "user": {}}}
        answer = client.post("/kakao/skill", json=body).json()
    assert "허락한 사람에게만" in texts_of(answer)[0]


def test_a_model_that_is_gone_is_a_sentence(home: Any) -> None:
    with channel(home, "없는것", answer=60.0) as served:
        answer = Channel(served, served.key("채널", "kakao")).say("안녕")
    assert "대답할 모델이 없습니다" in texts_of(answer)[0]


def turn(text: str, name: str = "도담") -> Reply:
    return Reply(name, tuple(text.split("\n")), done=True)


def test_a_long_reply_is_split_within_the_limits() -> None:
    words = " ".join(f"낱말{number}" for number in range(300))
    texts = bubbles_of([turn(words)])
    assert len(texts) == 2
    assert all(len(text) <= MAX_TEXT for text in texts)
    assert " ".join(texts).replace("도담 (AI)\n", "") == words
    huge = bubbles_of([turn("가" * 5000)])
    assert [len(text) for text in huge] == [MAX_TEXT] * 3
    assert huge[-1].endswith("…")


def test_more_than_three_turns_share_the_last_bubble() -> None:
    names = ("도담", "마루", "은솔", "도담", "가람")
    texts = bubbles_of([turn(f"말 {number}", name) for number, name in enumerate(names)])
    assert len(texts) == 3
    assert texts[2] == "은솔 (AI)\n말 2\n\n도담 (AI)\n말 3\n\n가람 (AI)\n말 4"
    assert bubbles_of([])[0].startswith("AI\n")


@pytest.mark.parametrize(
    "url",
    [
        "https://bot-api.kakao.com/v1/callback/abc?x=1",
        "https://BOT-API.kakao.com:443/",
        "https://x.kakaoenterprise.com/a",
    ],
)
def test_addresses_of_the_platform_are_called(url: str) -> None:
    assert Callback().is_allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "kakao.com",
            "http://bot-api.kakao.com/",
            "https://evilkakao.com/",
            "file:///etc/passwd",
        ),
        *("https://kakao.com.evil.example/", "https://evil.example/?kakao.com"),
        *("https://bot-api.kakao.com@evil.example/", "https://a:b@bot-api.kakao.com/"),
        *("https://bot-api.kakao.com:8443/", "https://evil.example#.kakao.com"),
        *("https://evil.example\\.kakao.com/", "https://bot-api.kakao.com/\r\nX: y"),
        *(
            "https://127.0.0.1/",
            "http://127.0.0.1/",
            "https://[::1",
            "https://bot-api.kakao.com:x/",
        ),
        *("https://169.254.169.254/", "https://кakao.com/", "https://.kakao.com.evil/"),
    ],
)
def test_no_other_address_is_called(url: str) -> None:
    callback = Callback()
    assert not callback.is_allowed(url)
    assert not callback.send(url, {})


def test_a_callback_counts_as_an_outgoing_request(tmp_path: Path) -> None:
    watch(tmp_path / "outgoing.jsonl", anew=True)
    # No such name can be resolved.
    assert not Callback().send("https://no-such-name-77.kakao.com/", {})
    [request] = requests()
    assert request.host == "no-such-name-77.kakao.com"
    assert "카카오톡 채널" in request.purpose
