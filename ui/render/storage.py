"""내 대화는 어디에 → HTML: the stored things, what went out, and the consent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kakaobot.app.consent import ConsentRecord, consent_text
from kakaobot.app.storage import StoredThing, size_text, total_size
from kakaobot.outgoing import OutgoingRequest
from kakaobot.runs.labels import minute_text
from ui import storage_text
from ui.render.templating import render

ALL = "*"
"""Is asked about in place of a name."""


@dataclass(frozen=True)
class Asked:
    """What the page is asked before something is erased, or why it is not."""

    name: str = ""
    """Of a stored thing, or `ALL`; empty for nothing."""
    sentence: str = ""
    is_problem: bool = False


NOTHING_ASKED = Asked()


def storage_card(
    things: Sequence[StoredThing], home: str, asked: Asked = NOTHING_ASKED, last: str = ""
) -> str:
    """A card per stored thing, with buttons that carry its name and its path.

    Args:
        things: all of them.
        home: path of the folder that their places are relative to.
        asked: shown in the card that it is about.
        last: what was erased last.
    """
    rows = [
        {
            "thing": thing,
            "size": size_text(thing.size),
            "counts": " · ".join(filter(None, (_files(thing), thing.detail))),
        }
        for thing in things
    ]
    names = [thing.name for thing in things if thing.is_erasable]
    return render(
        "storage",
        rows=rows,
        home=home,
        total=size_text(total_size(things)),
        asked=asked,
        # What is asked about may be gone meanwhile.
        is_about_all=bool(asked.name) and asked.name not in names,
        has_personal=any(thing.is_personal for thing in things),
        last=last,
        all_name=ALL,
        texts=storage_text,
    )


def outgoing_card(requests: Sequence[OutgoingRequest]) -> str:
    """How often this program connected to other machines: to which, what for, and when last."""
    groups: dict[tuple[str, str], list[OutgoingRequest]] = {}
    for request in requests:
        groups.setdefault((request.purpose, request.host), []).append(request)
    rows = [
        {"purpose": purpose, "host": host, "count": len(group), "at": _minute(group[-1].at)}
        for (purpose, host), group in groups.items()
    ]
    return render("outgoing", count=len(requests), rows=rows, texts=storage_text)


def consent_card(record: ConsentRecord | None, statements: Sequence[str]) -> str:
    """Whether the statements were acknowledged, and what they say."""
    return render(
        "consent",
        given=consent_text(record),
        is_given=record is not None,
        statements=statements,
        texts=storage_text,
    )


def storage_link() -> str:
    """Leads to the section, which is at the end of a long tab."""
    return render("storage_link", texts=storage_text)


def _files(thing: StoredThing) -> str:
    # The detail of the imported chats counts files in its own way.
    return "" if thing.detail else storage_text.FILES.format(count=thing.files)


def _minute(at: float) -> str:
    return minute_text(datetime.fromtimestamp(at).isoformat())
