"""A row of train.jsonl or val.jsonl: one conversation, one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kakaobot.errors import DatasetError
from kakaobot.schema import ChatMessage, Conversation


def to_row(conversation: Conversation) -> dict[str, Any]:
    """The JSON object of one conversation, as `design` of the file says."""
    return {
        "id": conversation.id,
        "room": conversation.room,
        "persona": conversation.persona,
        "messages": [
            {"role": each.role, "content": each.content, "name": each.name, "learn": each.is_target}
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
        messages=tuple(
            ChatMessage(
                each["role"], each["content"], each.get("name", ""), each.get("learn", False)
            )
            for each in row["messages"]
        ),
        turns=tuple(row["turns"]),
        at=(row["at"][0], row["at"][1]),
    )


def read_rows(file: Path) -> list[Conversation]:
    """All conversations of a file.

    Raises:
        DatasetError: it is missing or a line of it is damaged.
    """
    return list(iter_rows(file))


def iter_rows(file: Path) -> Iterator[Conversation]:
    """The same one after the other: all those of a large room would fill the memory.

    Raises:
        DatasetError: as `read`, on the way.
    """
    for number, line in enumerate(_whole_lines(file), 1):
        try:
            row = from_row(json.loads(line))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DatasetError(
                f"{file.name} 의 {number}번째 줄이 손상되었습니다. "
                "'데이터 준비'(preprocess)를 다시 실행하세요."
            ) from error
        yield row


def _whole_lines(file: Path) -> Iterator[str]:
    try:
        # No other end of a line: JSON leaves U+2028 as it is.
        with file.open(encoding="utf-8", newline="\n") as text:
            yield from (line for line in text if line.endswith("\n"))
    except OSError as error:
        raise DatasetError(
            f"{file.name} 이 없습니다. 먼저 '데이터 준비'(preprocess)를 실행하세요."
        ) from error


def dump_rows(rows: Iterable[Conversation]) -> Iterator[str]:
    """A line of JSON for each; the same rows give the same bytes."""
    return (_encode(to_row(row)) + "\n" for row in rows)


_encode = json.JSONEncoder(ensure_ascii=False).encode
