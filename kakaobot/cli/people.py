"""The command `people`: participants of each room, name merges and exclusions."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from kakaobot.app.participants import Participants, Proposal, RoomParticipant, RoomReport
from kakaobot.cli.console import format_columns
from kakaobot.cli.context import CommandContext
from kakaobot.cli.hints import command_hint
from kakaobot.cli.parser import UsageError
from kakaobot.dataset.participant_stats import (
    ParticipantStats,
    ParticipantStatsCache,
    stats_to_json,
)
from kakaobot.display_name import display_name, display_names, inert_text
from kakaobot.errors import ExportError
from kakaobot.language import tr

_MAX_PARTICIPANTS = 30
_PLACEHOLDER = tr("내이름")
"""In a command that the user must complete."""

Stats = Mapping[str, ParticipantStats]
"""Name → stats; participants without text messages have none."""


def people(args: Namespace, context: CommandContext) -> None:
    participants, console = Participants(context.home), context.console
    has_changes = _apply_changes(args, participants, context)
    rooms = [(room, _stats(room, context)) for room in participants.rooms(console.progress)]
    if args.json:
        console.print_json([_room_json(room, stats) for room, stats in rooms])
    elif rooms:
        console.print("\n".join(_room_text(room, stats) for room, stats in rooms), end="")
    else:
        console.print(tr("가져온 대화가 없습니다. 먼저 organize 로 파일을 가져오세요."))
    if has_changes:
        console.notify(
            tr("바꾸었습니다. 배울 대화에 넣으려면: {command_hint}").format(
                command_hint=command_hint("preprocess")
            )
        )


def _apply_changes(args: Namespace, participants: Participants, context: CommandContext) -> bool:
    """Apply the requested change; returns whether there was one.

    Raises:
        UsageError: several changes are requested, or --same has only one name.
    """
    progress = context.console.progress
    if sum(map(bool, (args.same, args.undo, args.exclude, args.include))) > 1:
        raise UsageError(tr("--same, --undo, --exclude, --include 는 한 번에 하나만 씁니다."))
    if len(args.same) == 1:
        raise UsageError(tr("--same 뒤에 부를 이름과, 합칠 이름을 하나 이상 적어 주세요."))
    if args.same:
        name, *others = args.same
        participants.merge_names(name, others, room=args.room, progress=progress)
    elif args.undo:
        participants.unmerge_name(args.undo, room=args.room, progress=progress)
    elif args.exclude:
        participants.exclude(args.exclude)
    elif args.include:
        participants.include(args.include)
    else:
        return False
    return True


def _stats(room: RoomReport, context: CommandContext) -> Stats:
    """Stats of the room; empty if a file is damaged, which the report shows."""
    try:
        cache = ParticipantStatsCache(context.home)
        stats = cache.participants(room.room, context.console.progress)
    except ExportError:
        return {}
    return {participant.name: participant for participant in stats}


def _room_json(room: RoomReport, stats: Stats) -> dict[str, object]:
    return {
        "room": room.room,
        "files": room.files,
        "messages": room.messages,
        "repeated": room.repeated,
        "people": [
            {**stats_to_json(stats.get(participant.name)), **asdict(participant)}
            for participant in room.participants
        ],
        "first": room.first,
        "last": room.last,
        "aliases": [{"alias": alias, "name": name} for alias, name in room.aliases],
        "proposals": [_proposal_json(proposal) for proposal in room.proposals],
        "lost": room.damage_notices,
    }


def _proposal_json(proposal: Proposal) -> dict[str, object]:
    return {
        "kind": proposal.kind,
        "names": proposal.names,
        "candidates": proposal.candidates,
        "sure": proposal.is_likely,
    }


def _room_text(room: RoomReport, stats: Stats) -> str:
    duplicates = (
        tr(", 겹친 {repeated:,}개는 한 번만 셈").format(repeated=room.repeated)
        if room.repeated
        else ""
    )
    text = tr("{room} (파일 {files}개, 메시지 {messages:,}개{duplicates})\n").format(
        room=display_name(room.room),
        files=room.files,
        messages=room.messages,
        duplicates=duplicates,
    )
    text += "".join(f"  ! {notice}\n" for notice in room.damage_notices)
    aliases: dict[str, list[str]] = defaultdict(list)
    for alias, name in room.aliases:
        aliases[name].append(alias)
    rows = [
        (
            display_name(participant.name),
            tr("{messages:,}개").format(messages=participant.messages),
            _remarks(participant, aliases[participant.name], stats.get(participant.name)),
        )
        for participant in room.participants[:_MAX_PARTICIPANTS]
    ]
    text += format_columns(rows, indent="  ") if rows else ""
    hidden = len(room.participants) - len(rows)
    text += (
        tr("  … 외 {hidden:,}명 (--json 으로 모두 봅니다)\n").format(hidden=hidden)
        if hidden > 0
        else ""
    )
    # Aliases whose name no longer occurs in the room.
    names = {participant.name for participant in room.participants}
    text += "".join(
        f"  {display_name(alias)} → {display_name(name)}\n"
        for alias, name in room.aliases
        if name not in names
    )
    if room.proposals:
        text += tr("  확인해 볼 것:\n")
        text += "".join(f"  {_proposal_text(proposal, room.room)}\n" for proposal in room.proposals)
    return text


def _remarks(
    participant: RoomParticipant, aliases: Sequence[str], stats: ParticipantStats | None
) -> str:
    remarks = [
        f"= {display_names(aliases)}" if aliases else "",
        tr("배우지 않음")
        if participant.is_excluded
        else tr("봇인 듯함")
        if participant.is_bot
        else "",
        _stats_text(stats) if stats and not participant.is_excluded else "",
        tr("데이터에서는 {pseudonym}").format(pseudonym=display_name(stats.pseudonym))
        if stats and stats.pseudonym
        else "",
    ]
    return "  ".join(filter(None, remarks))


def _stats_text(stats: ParticipantStats) -> str:
    return tr(
        "{sentence} (길이 {median_chars:g}자, 이어 말함 {answer_share:.0%}, 잡음 "
        "{filtered_share:.0%})"
    ).format(
        sentence=stats.sentence,
        median_chars=stats.median_chars,
        answer_share=stats.answer_share,
        filtered_share=stats.filtered_share,
    )


def _proposal_text(proposal: Proposal, room: str) -> str:
    """A proposal with the command that confirms it."""
    names = proposal.names
    if proposal.kind == "exporter":
        known = proposal.candidates[0] if proposal.is_likely and proposal.candidates else ""
        note = (
            ""
            if known
            else tr(" '{placeholder}' 자리에 부를 이름을 적으세요.").format(
                placeholder=_PLACEHOLDER
            )
        )
        sentence = tr("'{names}' 은 내보낸 사람 자신입니다.{note}").format(
            names=display_name(names[0]), note=note
        )
        hint = _merge_hint(room, (known or _PLACEHOLDER, *names))
    elif proposal.kind == "spelling":
        sentence, hint = tr("같은 사람일 수 있습니다."), _merge_hint(room, names)
    else:
        sentence, hint = tr("봇인 듯합니다."), command_hint("people", ("--exclude", names))
    if inert_text(hint) != hint:
        hint = tr("명령으로는 적을 수 없는 글자가 이름에 있습니다. 창의 '사람 정리'에서 고르세요.")
    return f"{sentence}\n    {hint}"


def _merge_hint(room: str, names: Sequence[str]) -> str:
    return command_hint("people", ("--room", [room]), ("--same", names))
