"""The buttons under the conversation and the list of what was corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.feedback import Feedback
from kakaobot.app.refining import RefineOffer
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home
from kakaobot.errors import AccessDenied, DatasetError
from kakaobot.runs.refinement import RefineVerdict
from tests.app.test_chat import create_run
from tests.ui.window_fakes import SNAPSHOT
from ui import feedback_text as text
from ui.render.feedback import entries_card, refine_card
from ui.tabs.chat.feedback import FeedbackHandlers
from ui.tabs.chat.feedback_bar import FeedbackBarHandlers

LINES = (
    ChatLine("마루", "자니?", True),
    ChatLine("도담", "<b>쿨쿨</b>", False),
    ChatLine("마루", "야", True),
)
OFFER = RefineOffer("main", 3, 1, (("짧은 말", 2),), False, "", "", None)


class FakeRefining:
    """Offers what a test wants, and records starts."""

    def __init__(self) -> None:
        self.current, self.started = OFFER, list[str]()

    def offer(self, access: AccessPass | None, run: str = "") -> RefineOffer:
        return self.current

    def start(self, access: AccessPass | None, run: str = "") -> TrainingSnapshot:
        self.started.append(run)
        return SNAPSHOT


@pytest.fixture
def gate() -> PasswordGate:
    return PasswordGate("바다")


@pytest.fixture
def access(gate: PasswordGate) -> AccessPass:
    return gate.authenticate("바다")


@pytest.fixture
def service(home: Home, gate: PasswordGate) -> Feedback:
    create_run(home, persona="도담")
    return Feedback(home, gate)


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    for module in ("feedback", "feedback_bar"):
        monkeypatch.setattr(f"ui.tabs.chat.{module}.notify", shown.append)
    return shown


def test_the_last_reply_is_meant_also_after_another_message(
    service: Feedback, gate: PasswordGate, access: AccessPass, notices: list[str]
) -> None:
    bar = FeedbackBarHandlers(service, gate)
    bar.good(access, LINES, "main", "마루")
    bar.never(access, LINES, "main", "마루")
    (entry,) = service.entries(access)
    assert (entry.kind, entry.reply, len(entry.context)) == ("never", "<b>쿨쿨</b>", 1)
    assert notices == [text.NOTED_GOOD, text.NOTED_NEVER]


def test_the_editor_begins_with_the_reply_and_keeps_what_it_was_opened_for(
    service: Feedback, gate: PasswordGate, access: AccessPass, notices: list[str]
) -> None:
    bar = FeedbackBarHandlers(service, gate)
    editor, wanted, edited = (as_any(value) for value in bar.open_editor(access, LINES))
    assert editor.visible and wanted.value == "<b>쿨쿨</b>" and edited == LINES[:2]
    with pytest.raises(DatasetError, match="적어 주세요"):
        bar.save(access, edited, "  ", "main", "")
    closed = as_any(bar.save(access, edited, "아직 안 자", "main", "")[0])
    assert not closed.visible
    assert service.entries(access)[0].wanted == "아직 안 자"
    assert not as_any(bar.open_editor(access, LINES[:1])[0]).visible
    assert notices == [text.NOTED_EDIT, text.NO_REPLY]


def as_any(value: object) -> Any:
    return value


def test_every_handler_needs_the_pass(
    service: Feedback, gate: PasswordGate, access: AccessPass, notices: list[str]
) -> None:
    number = str(service.add(access, "bad", LINES[:2]))
    bar, refining = FeedbackBarHandlers(service, gate), FakeRefining()
    handlers = FeedbackHandlers(service, refining, gate)
    for call in (
        lambda: bar.good(None, LINES, "", ""),
        lambda: bar.bad(None, LINES, "", ""),
        lambda: bar.never(None, LINES, "", ""),
        lambda: bar.open_editor(None, LINES),
        lambda: bar.save(None, LINES[:2], "응", "", ""),
        lambda: handlers.choose(None, number),
        lambda: handlers.change(None, "", number, "응"),
        lambda: handlers.delete(None, "", number),
        lambda: handlers.refine(None, ""),
    ):
        with pytest.raises(AccessDenied):
            call()
    assert "쿨쿨" not in str([getattr(v, "value", v) for v in handlers.refresh(None, "")])
    assert not refining.started and not notices


def test_the_list_is_changed_and_deleted_by_choice(
    service: Feedback, gate: PasswordGate, access: AccessPass, notices: list[str]
) -> None:
    handlers = FeedbackHandlers(service, FakeRefining(), gate)
    number = str(service.add(access, "bad", LINES[:2]))
    _, button, entries, tools, chosen, wanted = map(as_any, handlers.refresh(access, "main"))
    assert button.value == "고친 4개로 다시 배우기" and button.interactive
    assert "&lt;b&gt;쿨쿨&lt;/b&gt;" in entries and "<b>쿨쿨" not in entries
    assert tools.visible and chosen.value == number and wanted.value == "<b>쿨쿨</b>"
    assert as_any(handlers.choose(access, number)).value == "<b>쿨쿨</b>"
    assert as_any(handlers.choose(access, "x")).value == ""
    *_, chosen, wanted = map(as_any, handlers.change(access, "main", number, "아직 안 자"))
    assert chosen.value != number and wanted.value == "아직 안 자"
    with pytest.raises(DatasetError):
        handlers.delete(access, "main", number)
    _, _, entries, tools, *_ = map(as_any, handlers.delete(access, "main", chosen.value))
    assert text.EMPTY_TITLE in entries and not tools.visible
    assert notices == [text.CHANGED, text.DELETED]


def test_the_button_starts_a_refine_and_says_why_it_cannot(
    service: Feedback, gate: PasswordGate, access: AccessPass, notices: list[str]
) -> None:
    refining = FakeRefining()
    handlers = FeedbackHandlers(service, refining, gate)
    handlers.refine(access, "main")
    assert refining.started == ["main"] and "'main'" in notices[0]
    refining.current = RefineOffer("main", 3, 0, (), True, "학습이 진행 중입니다.", "", None)
    card, button, *_ = map(as_any, handlers.refresh(access, "main"))
    assert "학습이 진행 중입니다." in card
    assert button.value == "고친 3개로 이어서 배우기" and not button.interactive


@pytest.mark.parametrize("promoted", [True, False])
def test_the_card_tells_how_the_last_refine_ended(promoted: bool) -> None:
    verdict = RefineVerdict(promoted, "까닭입니다.", 3, 3, None, None, 4.0, 4.0, None, None)
    card = refine_card(RefineOffer("main", 3, 1, (("짧은 말", 2),), False, "", "a", verdict))
    assert "까닭입니다." in card and "짧은 말: 2개" in card and "1개는 배우지 않고" in card
    assert ("kb-good" in card) is promoted and ("kb-warn" in card) is not promoted


def test_an_empty_list_says_how_to_fill_it(tmp_path: Path) -> None:
    assert text.EMPTY_TITLE in entries_card([])
