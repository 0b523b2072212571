"""Kept conversations: lines, branches, search, and what is deleted for good."""

from __future__ import annotations

import itertools
import random
import sqlite3
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kakaobot.chat.lines import ChatLine
from kakaobot.chat.store import ConversationGone, ConversationStore, KeptConversation
from tests.patience import spends_less_than

SETUP = {"run": "main", "user_name": "마루"}


@pytest.fixture
def store(tmp_path: Path) -> ConversationStore:
    ticks = itertools.count(1_000_000)
    return ConversationStore(tmp_path / "chats", clock=lambda: float(next(ticks)))


def lines_of(*texts: str) -> list[ChatLine]:
    """Said by the user and by 도담 in turn."""
    names = itertools.cycle([("", True), ("도담", False)])
    return [
        ChatLine(name, text, by_user) for text, (name, by_user) in zip(texts, names, strict=False)
    ]


def texts_of(conversation: KeptConversation) -> list[str]:
    return [kept.line.text for kept in conversation.lines]


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_nothing_is_written_before_the_first_line(store, tmp_path):
    assert store.search() == []
    assert store.last() == ""
    assert store.save("", [], SETUP) == ""
    with pytest.raises(ConversationGone):
        store.open("ab")
    assert list(tmp_path.iterdir()) == []


def test_a_conversation_survives_a_restart(store, tmp_path):
    id = store.save("", lines_of("안녕"), SETUP)
    lines = lines_of("안녕", "어 왜\n무슨 일", "그냥 <b>\0 👨‍👩‍👧")
    assert store.save(id, lines, SETUP) == id
    conversation = ConversationStore(tmp_path / "chats").open(id)
    assert [kept.line for kept in conversation.lines] == lines
    assert [kept.written_at for kept in conversation.lines] == [1_000_001, 1_000_003, 1_000_004]
    assert conversation.setup == SETUP
    assert (conversation.title, conversation.branch, conversation.branches) == ("", 1, 1)


def test_the_list_has_names_last_line_and_time_newest_first(store):
    first = store.save("", lines_of("하나", "둘"), SETUP)
    second = store.save("", [*lines_of("셋", "넷"), ChatLine("은솔", "다섯", False)], SETUP)
    [newest, oldest] = store.search()
    assert (newest.id, newest.names) == (second, ("도담", "은솔"))
    assert newest.last and newest.last.line == ChatLine("은솔", "다섯", False)
    assert store.last() == second
    store.save(first, lines_of("하나", "둘", "여섯"), SETUP)
    assert [summary.id for summary in store.search()] == [first, second]
    assert store.search()[0].updated_at > newest.updated_at
    assert oldest.last and oldest.last.line.text == "둘"


def test_what_is_saved_again_is_not_new(store):
    id = store.save("", lines_of("하나", "둘"), SETUP)
    before = store.search()
    store.save(id, lines_of("하나", "둘"), SETUP)
    assert store.search() == before
    assert store.open(id).branches == 1


def test_another_message_or_reply_is_a_branch(store):
    id = store.save("", lines_of("하나", "둘", "셋", "넷"), SETUP)
    store.save(id, lines_of("하나", "둘", "셋", "다섯"), SETUP)
    store.save(id, lines_of("하나", "둘", "여섯", "일곱"), SETUP)
    assert texts_of(store.open(id)) == ["하나", "둘", "여섯", "일곱"]
    seen = []
    for number in (1, 2, 3, 4):
        store.show_branch(id, number)
        conversation = store.open(id)
        assert conversation.branches == 3
        seen.append((conversation.branch, texts_of(conversation)[2:]))
    assert seen == [
        (1, ["셋", "넷"]),
        (2, ["셋", "다섯"]),
        (3, ["여섯", "일곱"]),
        (1, ["셋", "넷"]),
    ]
    # What goes on with an earlier branch leaves the order as it was.
    store.save(id, lines_of("하나", "둘", "셋", "넷", "여덟"), SETUP)
    assert (store.open(id).branch, store.open(id).branches) == (1, 3)


def test_a_conversation_that_is_shown_up_to_the_middle_has_a_branch(store):
    id = store.save("", lines_of("하나", "둘", "셋"), SETUP)
    store.save(id, lines_of("하나", "둘", "넷"), SETUP)
    store.save(id, lines_of("하나"), SETUP)
    conversation = store.open(id)
    assert (texts_of(conversation), conversation.branch, conversation.branches) == (["하나"], 1, 2)


def test_two_pages_that_go_on_with_one_conversation_lose_nothing(store):
    id = store.save("", lines_of("하나", "둘"), SETUP)
    store.save(id, lines_of("하나", "둘", "왼쪽"), SETUP)
    store.save(id, lines_of("하나", "둘", "오른쪽"), SETUP)
    store.save(id, lines_of("하나", "둘", "왼쪽", "응"), SETUP)
    assert store.open(id).branches == 2
    assert [len(store.search(text)) for text in ("왼쪽", "오른쪽", "응")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        *(("바다", True), ("바다 여행", True), ("여행 도담", True), ("여름휴가", True)),
        *(("SEA", True), ("  ", True), ("도담", True), ("산책", False), ("바다 산책", False)),
        *(("다거", True), ("거북이가", True), ("%", False), ("_", False), ("'", False)),
        # On a branch that is not shown.
        ("숲으로", True),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_search_finds_words_in_names_titles_and_texts(store, query, found, form):
    spelled = unicodedata.normalize(form, "바다거북이가 있는 Sea 여행")
    id = store.save("", lines_of("숲으로 갈까", "그래"), SETUP)
    store.save(id, lines_of(spelled, "그래"), SETUP)
    store.rename(id, "여름휴가")
    store.save("", [ChatLine("", "다른 이야기", True), ChatLine("마루", "몰라", False)], SETUP)
    for spelling in ("NFC", "NFD"):
        listed = [summary.id for summary in store.search(unicodedata.normalize(spelling, query))]
        assert (id in listed) is found
        assert len(listed) == found + (not query.strip())


def test_search_shows_the_last_line_with_the_word(store):
    store.save("", lines_of("귤 먹자", "귤 좋아", "그럼 사 올게", "응"), SETUP)
    [summary] = store.search("귤")
    assert summary.found and summary.found.line.text == "귤 좋아"
    assert store.search("도담")[0].found is None


def test_what_is_deleted_is_nowhere_in_the_folder(store, tmp_path):
    """The same over many conversations, whose rows move between pages."""
    rng = random.Random(3)
    kept, gone = {}, []
    for number in range(40):
        word = f"비밀{number:04}번"
        texts = [f"{word} " * rng.choice([1, 2, 40, 900]) for _ in range(rng.randint(1, 12))]
        id = store.save("", lines_of(*texts), {"run": word})
        store.rename(id, f"{word} 제목")
        kept[id] = word
        if number % 3 == 2:
            id = rng.choice(list(kept))
            gone.append(kept.pop(id))
            store.delete(id)
    data = bytes_of(tmp_path)
    assert [word for word in gone if word.encode() in data] == []
    assert all(word.encode() in data for word in kept.values())
    for id in kept:
        store.delete(id)
    assert "비밀".encode() not in bytes_of(tmp_path)
    assert store.search() == []
    with pytest.raises(ConversationGone):
        store.save(next(iter(kept)), lines_of("다시"), SETUP)
    assert store.search() == []


def test_a_title_that_was_changed_is_nowhere(store, tmp_path):
    id = store.save("", lines_of("안녕"), SETUP)
    store.rename(id, "들키면 안 되는 제목")
    store.rename(id, "날씨")
    assert "들키면".encode() not in bytes_of(tmp_path)
    assert store.search()[0].title == "날씨"


def test_lines_that_are_dropped_go_with_their_branches(store, tmp_path):
    id = store.save("", lines_of("하나", "둘", "지울 말", "지울 대답"), SETUP)
    store.save(id, lines_of("하나", "둘", "지울 말", "지울 다른 대답"), SETUP)
    store.save(id, lines_of("하나", "남을 대답"), SETUP)
    store.show_branch(id, 1)
    store.drop_after(id, 2)
    assert texts_of(store.open(id)) == ["하나", "둘"]
    assert store.open(id).branches == 2
    assert "지울".encode() not in bytes_of(tmp_path)
    store.drop_after(id, 0)
    assert texts_of(store.open(id)) == []
    store.drop_after(id, 0)
    assert store.open(id).branches == 0


def test_a_long_conversation_is_kept_searched_and_deleted_quickly(store, tmp_path):
    """Deeper than SQLite follows references by itself."""
    texts = [f"{number}번째 말" for number in range(3_000)]
    with spends_less_than(3):
        id = store.save("", lines_of(*texts), SETUP)
        store.save(id, lines_of(*texts, "더"), SETUP)
        assert texts_of(store.open(id)) == [*texts, "더"]
        assert len(store.search("2999번째")) == 1
        store.drop_after(id, 1)
        assert texts_of(store.open(id)) == texts[:1]
        store.delete(id)
    assert "번째".encode() not in bytes_of(tmp_path)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["say", "retry", "edit", "drop", "walk", "delete", "new"]),
        st.integers(0, 3),
        st.sampled_from(["ㅋㅋ", "응", "아니", "귤\n귤", "가\u0301", ""]),
    ),
    max_size=20,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ACTIONS)
def test_any_order_of_changes_shows_what_was_said_last(tmp_path_factory, actions):
    """Against a model: the set of all paths that were ever shown, and the one shown now."""
    store = ConversationStore(tmp_path_factory.mktemp("store"))
    id = ""
    shown: list[ChatLine] = []
    paths: set[tuple[ChatLine, ...]] = set()
    for action, number, text in actions:
        if action == "say" or not id:
            shown = [*shown, ChatLine("", text, len(shown) % 2 == 0)]
        elif action in ("retry", "edit") and shown:
            at = min(number, len(shown) - 1) if action == "edit" else len(shown) - 1
            shown = [*shown[:at], ChatLine("도담", text, shown[at].from_user)]
        elif action == "drop":
            store.drop_after(id, number)
            shown, dropped = shown[:number], tuple(shown[: number + 1])
            if len(dropped) > number:
                paths = {path for path in paths if path[: number + 1] != dropped}
        elif action == "walk" and shown:
            store.show_branch(id, number + 1)
            shown = [kept.line for kept in store.open(id).lines]
            assert tuple(shown) in paths
        elif action in ("delete", "new"):
            if action == "delete":
                store.delete(id)
                assert id not in [summary.id for summary in store.search()]
            id, shown, paths = "", [], set()
            continue
        id = store.save(id, shown, SETUP)
        paths |= {tuple(shown[:end]) for end in range(1, len(shown) + 1)}
        conversation = store.open(id)
        assert [kept.line for kept in conversation.lines] == shown
        leaves = {path for path in paths if not any(path == other[:-1] for other in paths)}
        assert conversation.branches == len(leaves)


def test_an_odd_setup_is_read_as_far_as_it_goes(store, tmp_path):
    id = store.save("", lines_of("안녕"), SETUP)
    for setup, read in (("[1]", {}), ("{", {}), ('{"n": ["a"]}', {"n": ["a"]})):
        with sqlite3.connect(tmp_path / "chats" / "chats.sqlite3") as database:
            database.execute("UPDATE conversations SET setup = ?", (setup,))
        assert store.open(id).setup == read


def test_halves_of_surrogate_pairs_are_replaced(store):
    id = store.save("", [ChatLine("\ud800", "말\udfff", True)], {"run": "\ud800"})
    store.rename(id, "\udc00")
    assert store.open(id).lines[0].line == ChatLine("?", "말?", True)
    assert [summary.id for summary in store.search("\ud800")] == [id]
