"""Handlers of the kept conversations, with a fake model and a real store."""

from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from kakaobot.app.conversations import ChatSetup, Conversations, OpenConversation
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home
from kakaobot.errors import AccessDenied, ConversationError
from tests.lasting_gate import lasting_gate
from tests.ui.window_fakes import EchoChat, user_line
from ui.bubbles import bubbles, line_of_bubble, original_text
from ui.tabs.chat.conversation import ChatHandlers
from ui.tabs.chat.conversations import ConversationsHandlers
from ui.tabs.chat.keeping import PageConversation

GATE = lasting_gate("열쇠")
ACCESS = GATE.authenticate("열쇠")
WITH_WHOM = ("main", ("도담",), "", True, 1.0, None)


class ChatPage:
    """A page of the window: it keeps the values that the browser and its states would."""

    def __init__(self, home: Home) -> None:
        self.service = Conversations(home, GATE)
        chat = EchoChat(GATE)
        self.chat = ChatHandlers(chat, chat, self.service, GATE)
        self.list = ConversationsHandlers(self.service, chat, GATE)
        self.kept = PageConversation()
        self.lines: tuple[ChatLine, ...] = ()

    def send(self, message: str) -> None:
        self._stream(self.chat.send(ACCESS, message, self.lines, *WITH_WHOM, self.kept))

    def retry(self) -> None:
        self._stream(self.chat.retry(ACCESS, self.lines, *WITH_WHOM, self.kept))

    def edit(self, index: object, text: object) -> None:
        event: Any = SimpleNamespace(index=index, value=text)
        self._stream(self.chat.edit(event, ACCESS, self.lines, *WITH_WHOM, self.kept))

    def _stream(self, steps: Any) -> None:
        for step in steps:
            if step[1] != gr.skip():
                self.lines = step[1]

    def show(self, updates: Any) -> Any:
        """Take over the outputs of an event that shows a conversation; returns the panel."""
        if updates[1] != gr.skip():
            self.lines = updates[1]
        return updates[8:]

    def panel(self, query: str = "") -> Any:
        return self.list.refresh(ACCESS, query, self.kept)

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    @property
    def stored(self) -> list[list[str]]:
        """The texts of all conversations, the newest first."""
        opened = [self.service.open(ACCESS, found.id) for found in self.service.search(ACCESS)]
        return [[kept.line.text for kept in conversation.lines] for conversation in opened]


@pytest.fixture
def page(home):
    return ChatPage(home)


def test_what_is_said_is_kept_and_listed(page):
    page.send("안녕 친구")
    listed, tools, *_ = page.panel()
    assert page.stored == [["안녕 친구", "안녕\n친구"]]
    assert "도담" in listed
    assert "안녕 친구" in listed
    assert 'aria-current="true"' in listed
    assert tools.visible


def test_a_reloaded_page_opens_the_last_conversation(page, home):
    page.send("하나")
    reloaded = ChatPage(home)
    reloaded.show(reloaded.list.open_last(ACCESS, (), reloaded.kept))
    assert reloaded.texts == ["하나", "하나"]
    reloaded.send("둘")
    assert reloaded.stored == [["하나", "하나", "둘", "둘"]]


def test_a_page_that_has_a_conversation_keeps_it_when_it_is_unlocked(page):
    page.send("하나")
    page.show(page.list.start(ACCESS, "", page.kept))
    assert page.list.open_last(ACCESS, (), page.kept)[1] == gr.skip()
    page.send("둘")
    assert page.stored == [["둘", "둘"], ["하나", "하나"]]


def test_a_page_without_kept_conversations_starts_one(page):
    assert page.list.open_last(ACCESS, (), page.kept)[1] == gr.skip()
    assert "아직 저장한 대화가 없습니다." in page.panel()[0]


def test_a_line_is_kept_before_the_reply_and_a_stopped_reply_is_kept(page):
    steps: Any = page.chat.send(ACCESS, "하나 둘 셋", (), *WITH_WHOM, page.kept)
    next(steps)
    assert page.stored == [["하나 둘 셋"]]
    next(steps)
    steps.close()
    assert page.stored == [["하나 둘 셋", "하나"]]


def test_a_reply_that_ends_after_another_conversation_was_opened_stays_with_its_own(page):
    page.send("하나")
    steps: Any = page.chat.send(ACCESS, "둘 셋", page.lines, *WITH_WHOM, page.kept)
    next(steps)
    next(steps)
    page.show(page.list.start(ACCESS, "", page.kept))
    steps.close()
    page.send("새로")
    assert page.stored == [["새로", "새로"], ["하나", "하나", "둘 셋", "둘"]]


def test_an_edited_message_is_a_branch_that_can_be_walked(page):
    for text in ("하나", "둘"):
        page.send(text)
    page.edit(2, "셋 넷")
    assert page.texts == ["하나", "하나", "셋 넷", "셋\n넷"]
    *_, row, label = page.panel()
    assert (row.visible, label) == (True, "갈래 2/2")
    *_, label = page.show(page.list.walk_on(ACCESS, "", page.kept))
    assert (page.texts, label) == (["하나", "하나", "둘", "둘"], "갈래 1/2")
    page.show(page.list.walk_back(ACCESS, "", page.kept))
    assert page.texts[-1] == "셋\n넷"


@pytest.mark.parametrize(
    ("index", "text"), [(1, "남의 말"), (9, "없는 말"), (0, " "), ("a", "a"), (-1, "a"), (0, None)]
)
def test_only_a_message_of_the_user_can_be_edited(page, index, text):
    page.send("하나")
    page.edit(index, text)
    assert page.texts == ["하나", "하나"]
    assert page.panel()[-1] == ""


def test_an_edited_message_has_no_marks_of_the_window():
    lines = (ChatLine("도담", "하나\n둘", False), user_line("a<b>c &amp; d"))
    shown = bubbles(lines)
    assert [line_of_bubble(lines, index) for index in range(4)] == [0, 0, 1, None]
    assert original_text(shown[2]["content"]) == lines[1].text != shown[2]["content"]


def test_undo_deletes_for_good(page, home):
    page.send("하나")
    page.send("숨길 말")
    _, lines, message = page.chat.undo(ACCESS, page.lines, page.kept)
    assert (len(lines), message) == (2, "숨길 말")
    [file] = home.folder("data/chats").iterdir()
    assert "숨길".encode() not in file.read_bytes()


def test_search_rename_and_delete(page):
    page.send("바다 보러 갈래")
    panel = page.list.rename(ACCESS, "", page.kept, "여름휴가")
    assert "여름휴가" in panel[0]
    page.show(page.list.start(ACCESS, "", page.kept))
    page.send("숙제 했어")
    assert "바다" not in page.panel("숙제")[0]
    listed = page.panel("휴가")[0]
    assert "여름휴가" in listed
    assert "숙제" not in listed
    assert "그 말이 든 대화가 없습니다." in page.panel("없는 말")[0]
    assert page.list.ask_delete(ACCESS, page.kept)[0].visible
    panel = page.show(page.list.delete(ACCESS, "", page.kept))
    assert (page.texts, page.kept.id) == ([], "")
    assert "숙제" not in panel[0]
    assert page.stored == [["바다 보러 갈래", "바다\n보러\n갈래"]]


def test_an_opened_conversation_brings_back_with_whom_it_was_held(page):
    setup = ChatSetup("main", ("도담", "은솔"), "마루")
    lines = [user_line("안녕")]
    conversation, _ = page.service.keep(ACCESS, OpenConversation(), lines, setup)
    event: Any = SimpleNamespace(conversation=conversation.id)
    updates: Any = page.list.open(ACCESS, "", page.kept, event)
    assert updates[1] == tuple(lines)
    _, _, members, run, user_name, _ = updates[2:8]
    assert (members, run.value, user_name.value) == (("도담", "은솔"), "main", "마루")
    with pytest.raises(ConversationError, match="지웠습니다"):
        page.list.open(ACCESS, "", page.kept, SimpleNamespace(conversation="없음"))


def test_nothing_of_a_private_conversation_is_on_disk(page, home):
    page.list.set_private(ACCESS, "", page.kept, True, (), "main", (), "")
    page.send("숨길 말")
    page.retry()
    assert page.panel()[2]
    assert not home.folder("data/chats").exists()
    page.list.set_private(ACCESS, "", page.kept, False, page.lines, "main", (), "")
    assert page.stored == [["숨길 말", "숨길\n말"]]
    page.list.set_private(ACCESS, "", page.kept, True, page.lines, "main", (), "")
    assert page.stored == []
    [file] = home.folder("data/chats").iterdir()
    assert "숨길".encode() not in file.read_bytes()
    assert page.texts == ["숨길 말", "숨길\n말"]


def test_an_export_has_the_title_and_a_mark_in_every_line(page):
    page.send("안녕 친구")
    page.list.rename(ACCESS, "", page.kept, "첫 대화")
    rows = page.list.export(ACCESS, page.lines, page.kept).splitlines()
    assert "첫 대화" in rows[0]
    assert rows[-1] == "[AI 대화] 도담(AI): 친구"
    assert all("AI" in row for row in rows)


def test_a_locked_page_shows_nothing_of_the_list(page):
    page.send("비밀 이야기")
    updates = page.list.lock_or_refresh(None, "비밀", page.kept)
    assert updates[:4] == ("", "", "", "")
    assert "비밀" not in str(updates)
    assert page.list.open_last(None, (), page.kept)[1] == gr.skip()
    assert "비밀" in page.list.lock_or_refresh(ACCESS, "", page.kept)[3]


def test_a_refresh_leaves_a_form_open_and_a_lock_closes_it(page):
    page.send("안녕")
    renaming, question = 3, 4
    updates = page.list.refresh(ACCESS, "", page.kept)
    assert updates[renaming] == updates[question] == gr.skip()
    locked = page.list.refresh(None, "", page.kept)
    assert not locked[renaming].visible
    assert not locked[question].visible
    assert not any(row.visible for row in page.list.close_forms())


def test_a_room_that_is_filled_is_not_filled_again(page):
    """A page may ask again after something was sent, and must not lose the reply."""
    before = page.chat.show_room(ACCESS, (), page.kept)
    again = page.chat.show_room(ACCESS, page.lines, page.kept)
    assert len(again) == len(before)
    assert set(map(str, again)) == {str(gr.skip())}
    assert page.chat.show_room(None, (), page.kept)[2] == []
    assert page.chat.show_room(ACCESS, (), page.kept)[2] != gr.skip()


def test_a_lock_in_the_middle_of_a_reply_is_no_error(page):
    access = GATE.authenticate("열쇠")
    steps: Any = page.chat.send(access, "하나 둘", (), *WITH_WHOM, page.kept)
    next(steps)
    next(steps)
    GATE.revoke(access)
    steps.close()
    assert page.stored == [["하나 둘"]]


def test_a_file_that_cannot_be_read_is_a_sentence_in_the_list(page, home):
    home.folder("data/chats/chats.sqlite3").mkdir(parents=True)
    assert "읽거나 쓰지 못했습니다." in page.panel()[0] or "권한" in page.panel()[0]


def test_scripts_in_titles_and_lines_stay_texts(page):
    page.send("<img src=x>")
    page.list.rename(ACCESS, "", page.kept, "<script>")
    listed = page.panel()[0]
    assert "<img" not in listed
    assert "<script" not in listed


def test_every_handler_of_the_list_needs_the_password(page):
    calls = {
        "open": ("", page.kept, SimpleNamespace(conversation="a")),
        "start": ("", page.kept),
        "walk_on": ("", page.kept),
        "ask_title": (page.kept,),
        "rename": ("", page.kept, "제목"),
        "delete": ("", page.kept),
        "set_private": ("", page.kept, True, (), "", (), ""),
        "export": ((), page.kept),
    }
    for name, args in calls.items():
        with pytest.raises(AccessDenied):
            getattr(page.list, name)(None, *args)
