from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kakaobot.likeness import Likeness
from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalSampleLog
from kakaobot.schema import ChatMessage

PROMPTS = [
    EvalPrompt(
        (ChatMessage("user", "뭐 해?\u2028", "마루"), ChatMessage("user", "응?")),
        "도담",
        "자고\n있어",
    ),
    EvalPrompt((), "", "ㅇㅇ"),
]


def test_log_reads_prompts_and_samples_back_in_order_of_step(tmp_path: Path) -> None:
    log = EvalSampleLog(tmp_path)
    assert (log.prompts(), log.samples(), log.version()) == ([], [], 0)
    log.begin(PROMPTS)
    log.append(EvalSample(10, ("나중",) * 2))
    log.append(EvalSample(0, ("처음\n둘째 줄", "\u2028")))
    assert log.prompts() == PROMPTS
    assert log.samples() == [
        EvalSample(0, ("처음\n둘째 줄", "\u2028")),
        EvalSample(10, ("나중",) * 2),
    ]
    assert log.version() > 0


def test_likeness_is_kept_with_the_sample(tmp_path: Path) -> None:
    likeness = Likeness("도담", 16, 83.0, 71.0, 95.0, "마루", step=10)
    log = EvalSampleLog(tmp_path)
    log.append(EvalSample(10, ("응",), likeness))
    assert log.samples() == [EvalSample(10, ("응",), likeness)]
    log.append(EvalSample(10, ("응",), replace(likeness, percent=float("nan"))))
    assert log.samples() == [EvalSample(10, ("응",), None)]


def test_only_the_end_of_a_context_is_stored(tmp_path: Path) -> None:
    context = tuple(ChatMessage("user", text) for text in ("하나", "둘", "셋"))
    EvalSampleLog(tmp_path).begin([EvalPrompt(context, "", "넷")])
    assert EvalSampleLog(tmp_path).prompts() == [EvalPrompt(context[1:], "", "넷")]


def test_resume_replaces_samples_of_a_step_and_survives_a_truncated_line(tmp_path: Path) -> None:
    log = EvalSampleLog(tmp_path)
    log.begin(PROMPTS)
    log.append(EvalSample(10, ("하나",)))
    with (tmp_path / "samples.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 20, "repl')
    EvalSampleLog(tmp_path).begin(PROMPTS)
    log.append(EvalSample(10, ("다시",)))
    assert log.samples() == [EvalSample(10, ("다시",))]


def test_other_prompts_delete_the_samples(tmp_path: Path) -> None:
    log = EvalSampleLog(tmp_path)
    log.begin(PROMPTS)
    log.append(EvalSample(10, ("하나",)))
    log.begin(PROMPTS[:1])
    assert log.samples() == []


def test_damaged_files_read_as_empty(tmp_path: Path) -> None:
    (tmp_path / "cues.json").write_text('[{"said": 3}]', encoding="utf-8")
    (tmp_path / "samples.jsonl").write_bytes(b"\xff\n[]\n{}\n3\n")
    assert (EvalSampleLog(tmp_path).prompts(), EvalSampleLog(tmp_path).samples()) == ([], [])
