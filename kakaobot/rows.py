"""A row of train.jsonl or val.jsonl: one conversation, one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kakaobot.errors import DatasetError
from kakaobot.records import ChatMessage, Conversation


def to_row(conversation: Conversation) -> dict[str, Any]:
    """The JSON object of one conversation, as `design` of the file says."""
    return {
        "id": conversation.id,
        "room": conversation.room,
        "persona": conversation.persona,
        "messages": [
            {"role": each.role, "content": each.content, "name": each.name, "learn": each.learn}
            for each in conversation.messages
        ],
        "turns": list(conversation.turns),
        "at": list(conversation.at),
    }


def from_row(row: Mapping[str, Any]) -> Conversation:
    """The inverse of `to_row`.

    Raises:
        KeyError, TypeError, ValueError: the object is not such a row.
    """
    return Conversation(
        id=row["id"],
        room=row["room"],
        persona=row["persona"],
        messages=tuple(ChatMessage(**message) for message in row["messages"]),
        turns=tuple(row["turns"]),
        at=(row["at"][0], row["at"][1]),
    )


def read(file: Path) -> list[Conversation]:
    """All conversations of a file.

    Raises:
        DatasetError: it is missing or a line of it is damaged.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise DatasetError(
            f"{file.name} 이 없습니다. 먼저 '데이터 준비'(preprocess)를 실행하세요."
        ) from error
    rows = []
    # Not splitlines(): it also cuts at U+2028, which JSON leaves as it is.
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            rows.append(from_row(json.loads(line)))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DatasetError(
                f"{file.name} 의 {number}번째 줄이 손상되었습니다. "
                "'데이터 준비'(preprocess)를 다시 실행하세요."
            ) from error
    return rows


def lines(rows: Iterable[Conversation]) -> Iterator[str]:
    """A line of JSON for each; the same rows give the same bytes."""
    return (_encode(to_row(row)) + "\n" for row in rows)


_encode = json.JSONEncoder(ensure_ascii=False).encode
