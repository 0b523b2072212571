"""Stand-ins for the services behind the window, and values to show."""

from __future__ import annotations

from dataclasses import replace

from kakaobot.app.auth import PasswordGate
from kakaobot.app.chat import ChatLine, Persona, Reply
from kakaobot.app.estimates import Estimate
from kakaobot.app.exports import FileReport, LineReport
from kakaobot.app.people import Proposal, RoomParticipant, RoomReport
from kakaobot.app.training import TrainingSnapshot
from kakaobot.dataset.build_report import BuildReport, Example, ExampleMessage
from kakaobot.dataset.participant_stats import ParticipantStats
from kakaobot.errors import RunError
from kakaobot.exports.parse_result import LineCounts
from kakaobot.runs.history import RunSummary
from kakaobot.runs.metrics import Point
from kakaobot.runs.status import Status

PRIVATE = "아무에게도 말하지 마"

RUN = RunSummary(
    "main", "stopped", 40, 80, 3.21, 40, "2026-03-01T12:30:00", "연습용", "", "보드게임", True
)
NOW = TrainingSnapshot(
    run="main",
    status=Status(),
    stopping=False,
    points=(
        Point(1, "loss", 4.0, 0.0),
        Point(2, "loss", 3.5, 0.0),
        Point(2, "eval_loss", 3.6, 0.0),
    ),
    log="",
    base="연습용 모델",
    base_reason="설정에 적힌 모델입니다.",
    practice=False,
    runs=(RUN,),
    can_start=True,
    can_stop=False,
    resume_step=0,
    start_blocker="",
    can_chat=False,
)
FILE = FileReport(
    "대화.txt",
    "ab12",
    "W-KO",
    "보드게임",
    ("도담", "마루"),
    12,
    "2026-01-02 10:00",
    "2026-02-03 11:00",
)
ROOM = RoomReport(
    room="보드게임",
    keys=("보드게임",),
    files=2,
    messages=1500,
    repeated=700,
    people=(
        RoomParticipant("도담", 900),
        RoomParticipant("마루", 500),
        RoomParticipant("방장봇", 80, is_bot=True),
        RoomParticipant("광고", 20, is_excluded=True),
    ),
    first="2026-01-02 10:00",
    last="2026-02-03 11:00",
    aliases=(("마루2", "마루"),),
    proposals=(
        Proposal("exporter", ("회원님",), ("도담",)),
        Proposal("spelling", ("도담", "도담🐰"), ("도담", "도담🐰")),
        Proposal("bot", ("방장봇",)),
    ),
)
DIAGNOSIS = LineReport(
    file="대화.txt",
    format="W-KO",
    room="보드게임",
    lines=1234,
    counts=LineCounts(messages=1000, continuations=200, headers=2, dates=30, not_understood=2),
    not_understood_lines=((7, "아침 9:01, 도담 : 안녕"),),
)
REPORT = BuildReport(
    room="보드게임",
    persona="도담",
    participants=("도담", "마루"),
    shows_names=False,
    messages=120,
    removed=(("사진·동영상·이모티콘", 3),),
    sessions=7,
    turns=90,
    train_rows=6,
    val_rows=1,
    train_replies=40,
    val_replies=5,
    tokens=900,
    target_tokens=400,
    tokenizer="starter",
    max_seq_len=512,
    longest_row=200,
    written_at="2026-03-01T12:30:00+09:00",
    fingerprint="f",
    examples=(
        Example(
            "보드게임 · 2026-03-01 12:30",
            "train",
            (ExampleMessage("마루", PRIVATE, False), ExampleMessage("도담", "그래\n알았어", True)),
        ),
    ),
)
VOICE = Persona(
    run="main",
    adapter="best",
    step=40,
    base="연습용 모델",
    room="보드게임",
    name="",
    participants=("도담", "마루", "은솔"),
    shows_names=True,
    practice=True,
    description="방 전체의 말투 · 바탕 연습용 모델 · main 의 가장 좋은 어댑터 (40단계)",
)


OUTLOOK = Estimate(
    ("메모리 약 3.2GB (이 컴퓨터에 남은 것 12.0GB), 시간 약 40분",), base="연습용 <b>"
)


class FakeOutlooks:
    """Works out what it was given when it is looked at, and knows it from then on."""

    def __init__(self, found: Estimate | None = OUTLOOK) -> None:
        self.found, self.looks = found, 0
        self.kept: Estimate | None = None

    def known(self):
        return self.kept

    def look(self, progress):
        progress(0.3, "재는 중")
        self.looks, self.kept = self.looks + 1, self.found
        return self.kept


class FakeTraining:
    def __init__(self, now: TrainingSnapshot = NOW) -> None:
        self.now = now

    def snapshot(self, run=""):
        return self.now

    def version(self, run=""):
        return (self.now.status.step,)

    def start(self, *, new=False):
        self.now = replace(self.now, status=Status("starting"), can_stop=True, can_start=False)
        return self.now

    def stop(self, run=""):
        self.now = replace(self.now, stopping=True)
        return self.now

    kill = stop

    def adopt(self):
        return ""


class Parrot:
    """Says the last line back, one bubble after the other; counts what it was asked."""

    def __init__(self, gate: PasswordGate, voice: Persona | None = VOICE) -> None:
        self.gate, self.known, self.asked, self.speaking = gate, voice, 0, False

    def runs(self):
        return [self.known.run] if self.known else []

    def persona(self, run=""):
        if self.known is None:
            raise RunError("아직 학습한 어댑터가 없습니다.")
        return self.known

    def reply(self, given, lines, *, run="", reply_as="", user_name=""):
        self.gate.verify(given)
        return self._speak(lines, reply_as)

    def _speak(self, lines, reply_as):
        self.asked, self.speaking = self.asked + 1, True
        bubbles: tuple[str, ...] = ()
        try:
            yield Reply("", (), done=False)
            for bubble in lines[-1].text.split():
                bubbles = (*bubbles, bubble)
                yield Reply(reply_as or "도담", bubbles, done=False)
            yield Reply(reply_as or "도담", bubbles, done=True)
        finally:
            self.speaking = False

    def unload(self):
        pass


class FakeExports:
    def __init__(self, *files: FileReport) -> None:
        self.held = list(files)

    def files(self):
        return self.held


class FakePeople:
    def rooms(self, progress=None):
        return [ROOM]


class FakeDatasets:
    def __init__(self):
        self.completed = []

    def update_report_page(self, outlook, progress=None):
        self.completed.append(outlook)

    def rooms(self):
        return ["보드게임"]

    def participants(self, room="", progress=None):
        return [ParticipantStats("도담", 50, 40, 8.0)]

    def outdated_reason(self, report):
        return ""

    def report(self):
        return REPORT


def mine(text: str) -> ChatLine:
    return ChatLine("", text, from_user=True)
