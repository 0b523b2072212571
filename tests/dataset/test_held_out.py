"""Held-out exchanges: what one participant really wrote next, once or several times."""

from __future__ import annotations

from kakaobot.dataset.held_out import HeldOutExchange, held_out_exchanges
from kakaobot.schema import ChatMessage, Conversation


def row(*messages: ChatMessage) -> Conversation:
    return Conversation("1", "방", "", messages, tuple(map(str, range(len(messages)))), ("", ""))


def said(name: str, text: str, *, learn: bool = True) -> ChatMessage:
    return ChatMessage("assistant", text, name, learn)


def persona_row(*texts: str) -> Conversation:
    """Others and the persona in turn, as two people without names."""
    return row(
        *(
            ChatMessage("assistant" if number % 2 else "user", text, "", bool(number % 2))
            for number, text in enumerate(texts)
        )
    )


def asked(exchanges: list[HeldOutExchange]) -> list[tuple[int, tuple[str, ...]]]:
    return [(len(exchange.context), exchange.replies) for exchange in exchanges]


def test_every_target_with_enough_context_is_an_exchange_of_one_turn() -> None:
    exchanges = list(held_out_exchanges([persona_row("a", "1", "b", "2", "c", "3")], 1))
    assert asked(exchanges) == [(3, ("2",)), (5, ("3",))]
    assert exchanges[0].context == persona_row("a", "1", "b", "2").messages[:3]


def test_several_turns_keep_what_others_wrote_in_between() -> None:
    texts = ("a", "1", "b", "2", "c", "3", "d", "4", "e", "5")
    [exchange] = held_out_exchanges([persona_row(*texts)], 3)
    assert exchange.replies == ("2", "3", "4")
    assert [message.content for message in exchange.messages] == ["2", "c", "3", "d", "4"]
    assert list(held_out_exchanges([persona_row(*texts[:6])], 3)) == []


def test_in_a_whole_room_the_replies_are_of_one_participant() -> None:
    messages = [said(name, text) for name, text in zip("가나다가나다가", "abcdefg", strict=True)]
    [exchange] = held_out_exchanges([row(*messages[1:])], 2)
    assert (exchange.participant, exchange.replies) == ("가", ("d", "g"))
    assert [exchange.is_reply(message) for message in exchange.messages] == [
        True,
        False,
        False,
        True,
    ]


def test_what_is_no_target_ends_a_stretch() -> None:
    messages = (
        *(said("나", "a"), said("다", "b"), said("가", "1")),
        *(said("나", "c"), said("가", "전달한 글", learn=False), said("나", "d"), said("가", "2")),
    )
    replies = [exchange.replies for exchange in held_out_exchanges([row(*messages)], 2)]
    assert ("1", "2") not in replies
    assert ("1", "전달한 글") not in replies


def test_two_replies_in_a_row_are_not_two_turns() -> None:
    messages = (said("나", "a"), said("다", "b"), said("가", "1"), said("가", "2"))
    assert list(held_out_exchanges([row(*messages)], 2)) == []
