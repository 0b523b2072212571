"""The verb `people`: who speaks in each room and can be learnt, whose names are one person's."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from kakaobot.app.people import Participants, Proposal, RoomParticipant, RoomReport
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.dataset.participant_stats import (
    ParticipantStats,
    ParticipantStatsCache,
    stats_to_json,
)
from kakaobot.errors import ExportError

_SHOWN_PEOPLE = 30


def people(args: Namespace, desk: CommandContext) -> None:
    service, console = Participants(desk.home), desk.console
    if sum(map(bool, (args.same, args.undo, args.exclude, args.include))) > 1:
        raise UsageError("--same, --undo, --exclude, --include 는 한 번에 하나만 씁니다.")
    if args.same[:1] == args.same != []:
        raise UsageError("--same 뒤에 부를 이름과, 합칠 이름을 하나 이상 적어 주세요.")
    if args.same:
        service.merge_names(args.same[0], args.same[1:], room=args.room, progress=console.progress)
    if args.undo:
        service.unmerge_name(args.undo, room=args.room, progress=console.progress)
    if args.exclude:
        service.exclude(args.exclude)
    if args.include:
        service.include(args.include)
    rooms = [(room, _figures(room, desk)) for room in service.rooms(console.progress)]
    if args.json:
        console.print_json([_record(room, people) for room, people in rooms])
    elif rooms:
        console.say("\n".join(_described(room, people) for room, people in rooms), end="")
    else:
        console.say("가져온 대화가 없습니다. 먼저 organize 로 파일을 가져오세요.")
    if args.same or args.undo or args.exclude or args.include:
        console.tell("바꾸었습니다. 배울 대화에 넣으려면: python -m kakaobot preprocess")


def _figures(room: RoomReport, desk: CommandContext) -> dict[str, ParticipantStats]:
    """What can be learnt of whom; nothing of a room whose files are damaged, as it says itself."""
    try:
        people = ParticipantStatsCache(desk.home).participants(room.room, desk.console.progress)
    except ExportError:
        return {}
    return {person.name: person for person in people}


def _record(room: RoomReport, people: Mapping[str, ParticipantStats]) -> dict[str, object]:
    record = asdict(room)
    del record["keys"]
    record["people"] = [
        {**stats_to_json(people.get(member.name)), **asdict(member)} for member in room.people
    ]
    aliases = [{"alias": alias, "name": name} for alias, name in room.aliases]
    return {**record, "aliases": aliases}


def _described(room: RoomReport, people: Mapping[str, ParticipantStats]) -> str:
    once = f", 겹친 {room.repeated:,}개는 한 번만 셈" if room.repeated else ""
    head = f"{room.room} (파일 {room.files}개, 메시지 {room.messages:,}개{once})\n"
    head += "".join(f"  ! {why}\n" for why in room.lost)
    shown = room.people[:_SHOWN_PEOPLE]
    names: dict[str, list[str]] = {}
    for alias, name in room.aliases:
        names.setdefault(name, []).append(alias)
    rows = [
        (
            member.name,
            f"{member.messages:,}개",
            _remark(member, names.get(member.name, []), people.get(member.name)),
        )
        for member in shown
    ]
    more = len(room.people) - len(shown)
    rest = f"  … 외 {more:,}명 (--json 으로 모두 봅니다)\n" if more > 0 else ""
    # Who spoke under an alias only in a file that is gone.
    present = {member.name for member in room.people}
    gone = "".join(f"  {alias} → {name}\n" for alias, name in room.aliases if name not in present)
    asked = "".join(f"  {_asked(proposal)}\n" for proposal in room.proposals)
    listed = format_columns(rows, indent="  ") if rows else ""
    return head + listed + rest + gone + (f"  확인해 볼 것:\n{asked}" if asked else "")


def _remark(
    member: RoomParticipant, aliases: Sequence[str], person: ParticipantStats | None
) -> str:
    remarks = [
        f"= {', '.join(aliases)}" if aliases else "",
        "배우지 않음" if member.is_excluded else "봇인 듯함" if member.is_bot else "",
        _learnable(person) if person and not member.is_excluded else "",
        f"데이터에서는 {person.pseudonym}" if person and person.pseudonym else "",
    ]
    return "  ".join(filter(None, remarks))


def _learnable(person: ParticipantStats) -> str:
    return (
        f"{person.sentence} (길이 {person.median_chars:g}자, 이어 말함 {person.answer_share:.0%}, "
        f"잡음 {person.filtered_share:.0%})"
    )


def _asked(proposal: Proposal) -> str:
    first = proposal.candidates[0] if proposal.sure and proposal.candidates else "이름"
    if proposal.kind == "exporter":
        return (
            f"'{proposal.names[0]}' 은 내보낸 사람 자신입니다: "
            f"people --same {_word(first)} {_word(proposal.names[0])}"
        )
    if proposal.kind == "spelling":
        words = " ".join(map(_word, proposal.names))
        return f"같은 사람일 수 있습니다: people --same {words}"
    return f"봇인 듯합니다: people --exclude {' '.join(map(_word, proposal.names))}"


def _word(name: str) -> str:
    """As it is to be typed: in quotes where it holds a space."""
    return f'"{name}"' if " " in name or not name.isalnum() else name
