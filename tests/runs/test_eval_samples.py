from __future__ import annotations

from pathlib import Path

from kakaobot.runs.eval_samples import EvalSample, EvalSampleLog, RecordedPrompt

ASKED = [
    RecordedPrompt((("마루", "뭐 해?\u2028"), ("", "응?")), "도담", "자고\n있어"),
    RecordedPrompt((), "", "ㅇㅇ"),
]


def test_what_was_answered_is_read_back_by_step(tmp_path: Path) -> None:
    samples = EvalSampleLog(tmp_path)
    assert (samples.asked(), samples.all(), samples.version()) == ([], [], 0)
    samples.begin(ASKED)
    samples.append(EvalSample(10, ("나중",) * 2))
    samples.append(EvalSample(0, ("처음\n둘째 줄", "\u2028")))
    assert samples.asked() == ASKED
    assert samples.all() == [
        EvalSample(0, ("처음\n둘째 줄", "\u2028")),
        EvalSample(10, ("나중",) * 2),
    ]
    assert samples.version() > 0


def test_a_resume_answers_again_and_half_a_line_swallows_nothing(tmp_path: Path) -> None:
    samples = EvalSampleLog(tmp_path)
    samples.begin(ASKED)
    samples.append(EvalSample(10, ("하나",)))
    with (tmp_path / "samples.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 20, "repl')
    EvalSampleLog(tmp_path).begin(ASKED)
    samples.append(EvalSample(10, ("다시",)))
    assert samples.all() == [EvalSample(10, ("다시",))]


def test_answers_to_other_prompts_are_forgotten(tmp_path: Path) -> None:
    samples = EvalSampleLog(tmp_path)
    samples.begin(ASKED)
    samples.append(EvalSample(10, ("하나",)))
    samples.begin(ASKED[:1])
    assert samples.all() == []


def test_damaged_files_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "cues.json").write_text('[{"said": 3}]', encoding="utf-8")
    (tmp_path / "samples.jsonl").write_bytes(b"\xff\n[]\n{}\n3\n")
    assert (EvalSampleLog(tmp_path).asked(), EvalSampleLog(tmp_path).all()) == ([], [])
