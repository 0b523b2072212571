"""Comparison, audit, copies and header of the window over the handlers, with and without a pass."""

from __future__ import annotations

import gradio as gr
import pytest

from kakaobot.app.audit import Audits
from kakaobot.app.chat import ChatService
from kakaobot.app.copies import Copies
from kakaobot.audit.report import AuditReport, Rate, Recitation, RecitedLine, report_to_json
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home
from kakaobot.dataset import artifacts
from kakaobot.dataset.jsonl import dump_rows
from kakaobot.errors import AccessDenied
from kakaobot.runs.audit_file import AuditFile
from kakaobot.runs.run import Run
from kakaobot.schema import ChatMessage, Conversation
from tests.app.test_chat import create_run
from tests.lasting_gate import lasting_gate
from ui.tabs.chat.audit import AuditHandlers
from ui.tabs.chat.copies import CopyHandlers
from ui.tabs.chat.header import ChatHeaderHandlers

GATE = lasting_gate("귤")
ACCESS = GATE.authenticate("귤")
SECRET = "다음 주 토요일에 은하수 공원 앞에서 보드게임 들고 만나자"


@pytest.fixture
def run(home: Home) -> Run:
    """A run with an adapter, the data it was trained on, and an audit."""
    run = create_run(home, persona="도담")
    folder = home.folder("data/sft")
    folder.mkdir(parents=True)
    messages = ChatMessage("user", "언제 볼까", "마루"), ChatMessage("assistant", SECRET, "", True)
    row = Conversation("0", "방", "도담", messages, ("a:1", "a:2"), ("2026-01-01", "2026-01-01"))
    (folder / "train.jsonl").write_text("".join(dump_rows([row])), "utf-8")
    (folder / "stats.json").write_text('{"fingerprint": "f"}', "utf-8")
    config = run.config()
    data = {**config["data"], "folder": str(folder), "fingerprint": "f", "train_replies": 1}
    run.create({**config, "data": data})
    kinds = (Recitation("target", Rate(1, 1), Rate(0, 1)),)
    line = RecitedLine("target", 0, 1, 9)
    report = AuditReport("2026-05-01T09:00:06+00:00", "best", None, "f", kinds, (line,), (), ())
    AuditFile(run.path).write(report_to_json(report))
    return run


def test_the_report_shows_recited_lines_only_with_a_pass(home: Home, run: Run) -> None:
    chat = ChatService(home, GATE)
    handlers = AuditHandlers(chat, Audits(home, GATE, chat), GATE)
    shown = str(handlers.refresh(ACCESS, None)[1])
    assert SECRET in shown
    assert "언제 볼까" in shown
    assert "1개 가운데 1개" in shown
    assert "<small>2026-05-01 09:00 ·" in shown
    assert SECRET not in str(handlers.show_room(None, run.name))
    with pytest.raises(AccessDenied):
        next(handlers.run(None, run.name))


def test_a_copied_reply_is_noted_and_its_source_shown_on_ask(home: Home, run: Run) -> None:
    handlers = CopyHandlers(Copies(GATE, ChatService(home, GATE).personas), GATE)
    asked = ChatLine("", "언제?", from_user=True)
    copied = asked, ChatLine("도담", SECRET, from_user=False)
    note, _, source = handlers.measure(ACCESS, copied, run.name)
    assert "100 %" in str(note)
    assert source == ""
    assert SECRET not in str(note)
    assert SECRET in handlers.show_source(ACCESS, copied, run.name)
    invented = asked, ChatLine("도담", "글쎄 나는 그냥 집에서 쉬려고 했는데", from_user=False)
    assert handlers.measure(ACCESS, invented, run.name)[0] == ""
    assert handlers.measure(ACCESS, (*copied, asked), run.name)[0] == ""
    assert handlers.measure(None, copied, run.name)[0] == ""
    # A source that is shown stays when the page hears that it is open, and goes when it is locked.
    assert handlers.lock_or_measure(ACCESS, copied, run.name, "")[0] == note
    assert handlers.lock_or_measure(ACCESS, copied, run.name, str(note)) == (gr.skip(),) * 3
    assert handlers.lock_or_measure(None, copied, run.name, str(note))[0::2] == ("", "")
    with pytest.raises(AccessDenied):
        handlers.show_source(None, copied, run.name)


def test_a_reply_that_can_be_compared_no_more_says_why(home: Home, run: Run) -> None:
    handlers = CopyHandlers(Copies(GATE, ChatService(home, GATE).personas), GATE)
    asked = ChatLine("", "언제?", from_user=True)
    lines = asked, ChatLine("도담", SECRET, from_user=False)
    # Built again from something else.
    (home.folder("data/sft") / artifacts.STATS).write_text('{"fingerprint": "g"}', encoding="utf-8")
    note, show, _ = handlers.measure(ACCESS, lines, run.name)
    assert "베낀 말이 있는지 알 수 없습니다" in str(note)
    assert "새 학습" in str(note)
    assert show.visible is False  # type: ignore[attr-defined]
    assert handlers.measure(ACCESS, (asked,), run.name)[0] == ""
    assert handlers.measure(None, lines, run.name)[0] == ""


def test_the_header_says_base_adapter_and_data(home: Home, run: Run) -> None:
    handlers = ChatHeaderHandlers(ChatService(home, GATE), GATE)
    header = handlers.show(ACCESS, run.name)
    assert all(words in header for words in ("바탕", "가장 좋은 때", "가져온 모든 방", "대답 1개"))
    assert handlers.show(None, run.name) == ""
