"""The use case of kept conversations: the pass, what is private, and a disk that fails."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.conversations import (
    ChatSetup,
    Conversations,
    OpenConversation,
    export_text,
    last_text,
    time_text,
)
from kakaobot.app.exports import Exports
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home, save
from kakaobot.errors import AccessDenied, ConversationError
from tests.permissions import obeyed_permissions
from tests.prepared_home import is_sentence

GATE = PasswordGate("귤")
LINES = [ChatLine("", "안녕", True), ChatLine("도담", "어\n왜", False)]
SETUP = ChatSetup("main", ("도담", "은솔"), "마루")


@pytest.fixture
def access() -> AccessPass:
    return GATE.authenticate("귤")


@pytest.fixture
def conversations(home: Home) -> Conversations:
    return Conversations(home, GATE)


def keep(
    conversations: Conversations,
    access: AccessPass,
    *lines: ChatLine,
    conversation: OpenConversation = OpenConversation(),  # noqa: B008 -- frozen
) -> OpenConversation:
    conversation, problem = conversations.keep(access, conversation, lines or LINES, SETUP)
    assert problem == ""
    return conversation


@pytest.mark.parametrize("access", [None, PasswordGate("귤").authenticate("귤")])
def test_every_method_needs_the_pass_of_its_gate(conversations, home, access):
    own = GATE.authenticate("귤")
    id = keep(conversations, own).id
    calls: dict[str, Any] = {
        "search": (),
        "open": (id,),
        "keep": (OpenConversation(id), LINES, SETUP),
        "rename": (id, "제목"),
        "delete": (id,),
        "make_private": (OpenConversation(id),),
        "drop_after": (OpenConversation(id), 0),
        "show_branch": (id, 1),
        "export": (LINES,),
    }
    public = {name for name in vars(Conversations) if not name.startswith("_")}
    assert set(calls) == public
    before = conversations.open(own, id)
    for name, args in calls.items():
        with pytest.raises(AccessDenied):
            getattr(conversations, name)(access, *args)
    assert conversations.open(own, id) == before


def test_a_kept_conversation_is_opened_with_its_setup(conversations, access, home):
    id = keep(conversations, access).id
    kept = Conversations(home, GATE).open(access)
    assert (kept.id, [line.line for line in kept.lines]) == (id, LINES)
    assert ChatSetup.of(kept) == SETUP
    odd = replace(kept, setup={"run": 3, "members": ["도담", 4, None], "user_name": []})
    assert ChatSetup.of(odd) == ChatSetup("", ("도담",), "")
    assert ChatSetup.of(replace(kept, setup={"members": "도담"})) == ChatSetup()


def test_nothing_of_a_private_conversation_is_on_disk(conversations, access, home):
    private = OpenConversation(is_private=True)
    for end in (1, 2):
        private = keep(conversations, access, *LINES[:end], conversation=private)
    conversations.drop_after(access, private, 1)
    assert conversations.make_private(access, private) == private
    assert not home.folder("data/chats").exists()
    assert [file for file in home.root.rglob("*") if "안녕".encode() in read(file)] == []


def test_a_conversation_that_becomes_private_is_deleted(conversations, access, home):
    keep(conversations, access, ChatLine("", "남을 말", True))
    conversation = keep(conversations, access, ChatLine("", "숨길 말", True))
    conversation = conversations.make_private(access, conversation)
    conversation = keep(conversations, access, *LINES, conversation=conversation)
    assert conversation == OpenConversation(is_private=True)
    data = b"".join(map(read, home.folder("data/chats").iterdir()))
    assert "숨길".encode() not in data
    assert "남을".encode() in data


def test_a_conversation_deleted_elsewhere_does_not_come_back(conversations, access):
    conversation = keep(conversations, access)
    conversations.delete(access, conversation.id)
    more = [*LINES, ChatLine("", "또", True)]
    conversation, problem = conversations.keep(access, conversation, more, SETUP)
    assert is_sentence(problem)
    assert conversation.is_private
    assert conversations.keep(access, conversation, more, SETUP) == (conversation, "")
    assert conversations.search(access) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_read_only_disk_is_told_once_and_all_is_kept_later(conversations, access, home):
    folder = home.folder("data")
    folder.mkdir()
    folder.chmod(0o500)
    with obeyed_permissions():
        conversation, problem = conversations.keep(access, OpenConversation(), LINES[:1], SETUP)
        assert is_sentence(problem)
        assert problem.startswith("지금 나누는 말은 저장되지 않습니다.")
        again = conversations.keep(access, conversation, LINES, SETUP)
        assert again == (OpenConversation(), "")
    folder.chmod(0o700)
    conversation = keep(conversations, access, *LINES, conversation=conversation)
    assert [kept.line for kept in conversations.open(access, conversation.id).lines] == LINES
    # A new failure is told again.
    shutil.rmtree(home.folder("data/chats"))
    home.folder("data/chats").write_text("", encoding="utf-8")
    assert conversations.keep(access, OpenConversation(), LINES, SETUP)[1]


def test_a_conversation_goes_on_in_a_new_file_if_its_own_is_damaged(conversations, access, home):
    conversation = keep(conversations, access)
    [file] = home.folder("data/chats").iterdir()
    file.write_bytes(b"x" * 4096)
    more = [*LINES, ChatLine("", "또", True)]
    conversation, problem = Conversations(home, GATE).keep(access, conversation, more, SETUP)
    assert "망가져" in problem
    assert [kept.line for kept in conversations.open(access, conversation.id).lines] == more
    assert keep(conversations, access, *more, conversation=conversation) == conversation


def test_titles_are_short_and_on_one_line(conversations, access):
    id = keep(conversations, access).id
    conversations.rename(access, id, " 여름\n휴가 \u202e ")
    assert conversations.search(access, "여름")[0].title == "여름 휴가"
    with pytest.raises(ConversationError, match="60자"):
        conversations.rename(access, id, "가" * 61)


def test_the_folder_is_the_one_of_the_settings(conversations, access, home):
    keep(conversations, access)
    save(home.settings_file, {"paths.chats": "data/이야기"})
    assert conversations.search(access) == []
    keep(conversations, access)
    assert [file.name for file in home.folder("data/이야기").iterdir()] == ["chats.sqlite3"]


def test_every_line_of_an_export_bears_the_mark_of_an_ai(conversations, access):
    odd = "하나\n둘\r셋\u2028넷\u0085다섯\v여섯\x1c일곱"
    lines = [*LINES, ChatLine("마루\n도담", odd, True), ChatLine("", odd, False)]
    text = conversations.export(access, lines, "제목\n둘째 줄")
    rows = text.splitlines()
    assert all(row.startswith("[AI 대화] ") for row in rows)
    assert "[AI 대화] 나: 안녕" in rows
    assert rows.count("[AI 대화] 도담(AI): 왜") == 1
    assert sum(row.endswith(": 일곱") for row in rows) == 2
    with pytest.raises(ConversationError, match="내보낼 말이 없습니다"):
        conversations.export(access, [])


def test_an_export_cannot_be_imported_as_a_room(home, tmp_path):
    """Or the bot would learn from itself."""
    file = tmp_path / "대화.txt"
    file.write_text(export_text([*LINES * 40], "제목"), encoding="utf-8")
    [report] = Exports(home).import_files([file])
    assert report.error


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "오후 3:04"), (3 * 3600, "오후 12:04"), (9 * 3600, "오전 6:04"), (30 * 3600, "11월 2일"),
     (400 * 86400, "2024년 9월 29일")],
)  # fmt: skip
def test_times_are_as_short_as_they_can_be(seconds, shown):
    now = datetime(2025, 11, 3, 15, 4).timestamp()
    assert time_text(now - seconds, now) == shown


def test_the_list_shows_the_line_that_was_found(conversations, access):
    keep(conversations, access, *LINES, ChatLine("", "그냥\n 심심해서", True))
    assert last_text(conversations.search(access)[0]) == "그냥 심심해서"
    assert last_text(conversations.search(access, "왜")[0]) == "어 왜"


def read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
