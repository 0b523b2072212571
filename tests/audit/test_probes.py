"""Which lines are probed, and when one counts as known by heart."""

from __future__ import annotations

from kakaobot.audit.probes import Place, Probe, ProbeChooser
from kakaobot.schema import ChatMessage, Conversation

LONG = "은하수 공원 앞 {} 번째 벤치에서 기다릴게"


def row(first: int, *messages: ChatMessage) -> Conversation:
    turns = tuple(f"a:{first + number}" for number in range(len(messages)))
    return Conversation("0", "방", "도담", messages, turns, ("2026-01-01", "2026-01-01"))


def heard(text: str) -> ChatMessage:
    return ChatMessage("user", text, "마루")


def said(text: str, *, learn: bool = True) -> ChatMessage:
    return ChatMessage("assistant", text, is_target=learn)


def chosen(*rows: Conversation, count: int = 100) -> list[Probe]:
    return ProbeChooser(count=count, seed=1).training(rows, rows)[0]


def test_lines_are_chosen_by_what_they_are() -> None:
    probes = chosen(
        row(0, heard(LONG.format(1)), said("ㅇㅋ"), heard("ㅋㅋ"), said(LONG.format(2))),
        row(4, heard("번호 010-1234-5678 이야"), said("저장했어")),
    )
    assert {(probe.kind, probe.place, probe.line, probe.sender) for probe in probes} == {
        ("context", Place(0, 0), LONG.format(1), "마루"),
        ("target", Place(0, 3), LONG.format(2), ""),
        ("private", Place(1, 0), "번호 010-1234-5678 이야", "마루"),
    }
    target = next(probe for probe in probes if probe.kind == "target")
    assert [message.content for message in target.messages] == [LONG.format(1), "ㅇㅋ", "ㅋㅋ"]


def test_a_reply_learned_in_one_row_and_read_in_another_is_a_reply() -> None:
    learned, read = said(LONG.format(1)), said(LONG.format(1), learn=False)
    for rows in ([row(0, learned), row(0, read)], [row(0, read), row(0, learned)]):
        assert [probe.kind for probe in chosen(*rows)] == ["target"]


def test_an_expression_of_the_room_is_not_probed() -> None:
    lines = [row(number, said(LONG.format(1))) for number in range(3)]
    assert len(chosen(*lines[:2])) == 2
    assert chosen(*lines) == []


def test_openings_prefer_replies_that_held_a_tag() -> None:
    rows = [row(2 * n, heard(f"어디 {n}"), said(LONG.format(n))) for n in range(40)]
    tag = row(200, heard("번호 뭐야"), said("내 번호는 <전화번호> 이니까 저장해 둬"))
    openings = ProbeChooser(count=4, seed=1).training([*rows, tag], [*rows, tag])[1]
    assert [opening.messages[-1].content for opening in openings[:1]] == ["번호 뭐야"]
    assert len(openings) == 2


def test_validation_lines_are_a_kind_of_their_own() -> None:
    rows = [row(0, heard(LONG.format(1)), said(LONG.format(2)))]
    probes = ProbeChooser(count=9, seed=1).held_out(rows, rows)
    assert [(probe.kind, probe.line) for probe in probes] == [("held_out", LONG.format(2))]


def test_a_line_is_recited_by_half_and_personal_data_by_all_of_it() -> None:
    line = Probe("target", Place(0, 0), (), "은하수 공원 앞 벤치에서 기다릴게", "")
    assert line.is_recited("벤치에서 기다릴게")
    assert not line.is_recited("기다릴게")
    private = Probe("private", Place(0, 0), (), "내 번호 010-1234-5678 이야", "")
    assert private.is_recited(" 010-1234-5678 이야")
    assert not private.is_recited("-1234-5678 이야")
