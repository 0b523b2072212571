"""JSON Lines form of rows: one conversation per line of train.jsonl and val.jsonl."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kakaobot.atomic_io import parse_json
from kakaobot.errors import DatasetError
from kakaobot.language import tr
from kakaobot.schema import ChatMessage, Conversation

_REBUILD = tr("'데이터 준비'(preprocess)를 다시 실행하세요.")


def to_row(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "room": conversation.room,
        "persona": conversation.persona,
        "messages": [
            {
                "role": message.role,
                "content": message.content,
                "name": message.name,
                "learn": message.is_target,
            }
            for message in conversation.messages
        ],
        "turns": list(conversation.turns),
        "at": list(conversation.at),
    }


def from_row(row: Mapping[str, Any]) -> Conversation:
    """The inverse of `to_row`.

    Raises:
        KeyError, TypeError, ValueError, IndexError: the object is not a row.
    """
    return Conversation(
        id=row["id"],
        room=row["room"],
        persona=row["persona"],
        messages=tuple(
            ChatMessage(
                message["role"],
                message["content"],
                message.get("name", ""),
                message.get("learn", False),
            )
            for message in row["messages"]
        ),
        turns=tuple(row["turns"]),
        at=(row["at"][0], row["at"][1]),
    )


def read_rows(file: Path) -> list[Conversation]:
    """All rows of a file.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    return list(iter_rows(file))


def iter_rows(file: Path) -> Iterator[Conversation]:
    """Rows of a file one by one, for files larger than memory.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    for number, line in enumerate(_complete_lines(file), 1):
        try:
            row = from_row(parse_json(line))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DatasetError(
                tr("{name} 의 {number}번째 줄이 손상되었습니다. {rebuild}").format(
                    name=file.name, number=number, rebuild=_REBUILD
                )
            ) from error
        yield row


def read_messages(file: Path, row: int, message: int, *, before: int) -> tuple[ChatMessage, ...]:
    """A message, up to `before` messages in front of it first; empty if there is no such message.

    Args:
        file: a file of rows.
        row: number of the row, from 0.
        message: number of the message in it, from 0.
        before: messages in front.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    found = next(itertools.islice(iter_rows(file), row, None), None)
    if found is None or message >= len(found.messages):
        return ()
    return found.messages[max(0, message - before) : message + 1]


def _complete_lines(file: Path) -> Iterator[str]:
    try:
        # newline="\n": JSON strings may hold U+2028, which other modes take for a line end.
        with file.open(encoding="utf-8", newline="\n") as text:
            yield from (line for line in text if line.endswith("\n"))
    except UnicodeDecodeError as error:
        raise DatasetError(
            tr("{name} 이 손상되었습니다. {rebuild}").format(name=file.name, rebuild=_REBUILD)
        ) from error
    except OSError as error:
        raise DatasetError(
            tr("{name} 이 없습니다. 먼저 '데이터 준비'(preprocess)를 실행하세요.").format(
                name=file.name
            )
        ) from error


def dump_rows(rows: Iterable[Conversation]) -> Iterator[str]:
    """One line per row, reproducible byte for byte."""
    return (_encode(to_row(row)) + "\n" for row in rows)


_encode = json.JSONEncoder(ensure_ascii=False).encode
