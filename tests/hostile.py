"""A room and a run in which every text attacks whoever shows it."""

from __future__ import annotations

import json
from pathlib import Path

from kakaobot.config import Home
from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalSampleLog
from kakaobot.runs.metrics import Point
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings

MARKER = "__xss"
"""Global variable of the page that a script of these texts would set."""
SCRIPTS = (
    f"<script>window.{MARKER}=1</script>",
    f'<img src=x onerror="window.{MARKER}=2">',
    f"<svg/onload=window.{MARKER}=3>",
    f'"><details open ontoggle="window.{MARKER}=4">',
    f"' autofocus onfocus='window.{MARKER}=5",
    f"</textarea></style></title><script>window.{MARKER}=6</script>",
    f'<iframe srcdoc="<script>parent.{MARKER}=7</script>"></iframe>',
    f'<a href="javascript:window.{MARKER}=8">눌러</a>',
    f"[눌러](javascript:window.{MARKER}=9)",
    f"javascript:alert({MARKER})",
    f"{{{{ window.{MARKER} = 10 }}}}${{window.{MARKER}=11}}",
    f"&lt;img src=x onerror=window.{MARKER}=12&gt;",
    f'<math><mtext><table><mglyph><style><img src=x onerror="window.{MARKER}=13">',
)
RLO = "\u202e"
DISTURBING = {
    "long": "가" * 3_000,
    "long in words": "긴 이름 " * 700,
    "reversed": f"{RLO}마루",
    "an isolate that is not closed": "\u2067은솔",
    "stacked": "도" + "\u0301" * 900 + "담",
    "right to left": "שלום",
    "invisible": "\u3164",
    "emoji": "👨‍👩‍👧" * 300,
}
NAMES = ("도담", *SCRIPTS, *DISTURBING.values())
"""Of the people. None holds a line break or `]`, which end a name."""
ROOM = f"방 {SCRIPTS[1]}{RLO}{'나' * 400}"


def hostile_export(folder: Path, name: str = "대화.txt") -> Path:
    """An export from Windows: everybody says all scripts, and answers 도담."""
    lines = [f"{ROOM} 님과 카카오톡 대화", "저장한 날짜 : 2026-05-01 09:30:12", ""]
    for day in range(1, 5):
        lines.append(f"--------------- 2026년 4월 {day}일 수요일 ---------------")
        minute = 0
        for number, sender in enumerate(NAMES):
            for text in (*SCRIPTS[:6], f"오늘 {number}번 {RLO}모임", "a\u0301" + "\u0301" * 40):
                hour, minute = minute // 60, minute + 1
                stamp = f"오전 {hour + 1}:{minute % 60:02}"
                lines.append(f"[{sender}] [{stamp}] {text}")
                lines.append(f"[도담] [{stamp}] {text} 그래 {SCRIPTS[day]} 좋아")
    lines.append(f"2026년 {SCRIPTS[0]} 알 수 없는 줄")
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def rogue_run(home: Home, name: str = "남의 학습") -> Run:
    """A run folder from elsewhere with a script in every text of its files."""
    run = Runs(home.folder(home.settings().paths.runs)).get(name)
    script = SCRIPTS[1]
    settings = Settings().model_dump(mode="json")
    settings["data"]["exclude_people"] = list(NAMES[:6])
    settings["model"]["base_model"] = script
    run.create(
        {
            "created_at": f"2026-03-01T12:30:00{script}",
            "base": {"label": script, "practice": False},
            "data": {
                "fingerprint": script,
                "room": ROOM,
                "persona": DISTURBING["long"] + script,
                "people": list(NAMES),
                "train_replies": 40,
                "named": True,
            },
            "settings": settings,
        }
    )
    run.append(*(Point(step, "eval_loss", 5 - step / 10, 1.0) for step in (0, 10, 20)))
    notes = (script, RLO + script)
    run.write_status(Status("failed", 20, 20, message=script, notes=notes, best_metric=script))
    context = (ChatMessage("user", script, script), ChatMessage("user", RLO + script, RLO))
    log = EvalSampleLog(run.path)
    log.begin([EvalPrompt(context, script, script)])
    log.append(EvalSample(10, (script,)))
    (run.path / "worker.log").write_text(f"{script}\nError: {script}\n", encoding="utf-8")
    return run


def corrupted_run(home: Home) -> Run:
    """A run whose files hold a script where numbers belong."""
    run = rogue_run(home, "틀린 학습")
    status = json.loads((run.path / "status.json").read_text(encoding="utf-8"))
    wrong = dict.fromkeys(status, SCRIPTS[1]) | {
        "state": "finished",
        "heartbeat": status["heartbeat"],
    }
    (run.path / "status.json").write_text(json.dumps(wrong), encoding="utf-8")
    (run.path / "metrics.jsonl").write_text(
        json.dumps({"step": SCRIPTS[1], "kind": SCRIPTS[1], "value": SCRIPTS[1]}) + "\n",
        encoding="utf-8",
    )
    return run
