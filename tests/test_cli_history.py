"""`runs` and `status --samples`: groups, curves, changed settings and eval samples."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from kakaobot.cli import main
from kakaobot.cli.history import loss_sparkline
from kakaobot.config import Home
from kakaobot.likeness import Likeness
from kakaobot.runs.eval_samples import EvalPrompt, EvalSample, EvalSampleLog
from kakaobot.runs.metrics import Point
from kakaobot.runs.refinement import Refinement, RefineVerdict, write_verdict
from kakaobot.runs.run import Runs
from kakaobot.runs.status import Status
from kakaobot.schema import ChatMessage
from kakaobot.settings import Settings


@pytest.fixture
def three_runs(home: Home) -> Home:
    """Two runs on one dataset, the first one better, and between them one on another."""
    runs = Runs(home.folder("checkpoints_lora"))
    for index, (name, data, loss, rank) in enumerate(
        [("main", "a" * 16, 3.5, 8), ("other", "b" * 16, 1.0, 16), ("main-2", "a" * 16, 3.9, 16)]
    ):
        run = runs.get(name)
        run.create(
            {
                "created_at": f"2026-03-0{index + 1}T12:30:00+09:00",
                "base": {"label": "연습용"},
                "data": {"fingerprint": data, "room": "보드게임", "train_replies": 1234},
                "settings": Settings.model_validate({"lora": {"r": rank}}).model_dump(mode="json"),
            }
        )
        os.utime(run.path / "config.yaml", (index, index))
        run.append(Point(0, "eval_loss", 5.0, 1.0), Point(40, "eval_loss", loss, 1.0))
        run.write_status(Status("finished", 40, 40, best_eval_loss=loss, best_step=40))
    return home


def test_runs_are_grouped_and_compared_by_data(
    three_runs: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs"]) == 0
    output = capsys.readouterr().out
    lines = output.splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ") and "2026" in line]
    assert names == ["main-2", "main", "other"]
    assert "보드게임 · 방 전체 · 배운 대답 1,234개 (데이터 aaaaaaaa)" in lines
    [best] = [line for line in lines if "●" in line and "2026" in line]
    assert best.split()[0] == "main"
    assert "3.500 (40단계) ●" in best
    assert "█▁" in best
    assert lines[-1] == "배운 데이터가 다르면 손실을 서로 견줄 수 없습니다."
    assert "lora.r" not in output


def test_settings_are_compared_with_the_defaults_and_the_previous_run(
    three_runs: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "--settings"]) == 0
    output = capsys.readouterr().out
    assert "main-2: 앞 학습 'main' 과 다른 설정\n    lora.r  16  (앞에서는 8)" in output
    assert "main: 기본값과 다른 설정\n    lora.r  8  (기본값 16)" in output


def test_runs_json_has_losses_and_data(
    three_runs: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "--json"]) == 0
    newest, _, oldest = json.loads(capsys.readouterr().out)
    assert newest["losses"] == [[0, 5.0], [40, 3.9]]
    assert (newest["fingerprint"], newest["before"]) == ("a" * 16, "main")
    assert oldest["lowest"]
    assert oldest["changed"] == [{"setting": "lora.r", "value": 8, "other": 16}]


@pytest.mark.parametrize(
    ("losses", "drawn"),
    [
        ([], ""),
        ([4.0], "▁"),
        ([4.0, 4.0], "▁▁"),
        ([5.0, 3.0, 4.0], "█▁▅"),
        ([5.0] * 99 + [1.0], "█" * 15 + "▁"),
    ],
)
def test_loss_sparkline(losses: list[float], drawn: str) -> None:
    assert loss_sparkline(losses) == drawn


@pytest.fixture
def run_with_samples(three_runs: Home) -> Home:
    """The three runs, one of them with eval samples and style distances."""
    run = Runs(three_runs.folder("checkpoints_lora")).get("main-2")
    status = Status("finished", 40, 40, best_eval_loss=3.9, best_step=20, best_metric="voice")
    run.write_status(replace(status, style_distance=0.31, best_style_distance=0.25))
    samples = EvalSampleLog(run.path)
    samples.begin(
        [
            EvalPrompt((ChatMessage("user", "몇 시?", "마루"),), "도담", "두 시\nㄱㄱ"),
            EvalPrompt((), "", "잘 자"),
        ]
    )
    for step in (0, 10, 20, 40):
        likeness = Likeness("", 16, 2.0 * step, step - 5.0, 3.0 * step, "마루", step=step)
        samples.append(EvalSample(step, (f"{step}시", ""), likeness))
    return three_runs


def test_likeness_is_shown_if_measured(
    run_with_samples: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs"]) == 0
    measured, other = capsys.readouterr().out.split("보드게임 · 방 전체")[1:]
    assert "닮은 정도" in measured
    assert "3.900 (20단계, 말투로 고름)" in measured
    assert "40% (15~60%, 대답 16개)" in measured
    assert "닮은 정도  대화" not in other
    assert "0%면 말투가 가장 비슷한 다른 사람만큼" in other
    assert main(["status", "--run", "main-2"]) == 0
    output = capsys.readouterr().out
    assert "40% (15~60%, 대답 16개)" in output
    assert "가장 비슷한 다른 사람(마루)" in output
    assert "가장 좋은 때의 검증 손실  3.900" in output
    assert "몇 시?" not in output
    assert main(["status", "--run", "main"]) == 0
    assert "닮은 정도" not in capsys.readouterr().out


def test_eval_samples_are_shown_on_request(
    run_with_samples: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--run", "main-2", "--samples"]) == 0
    output = capsys.readouterr().out.split("\n\n", 1)[1]
    figures, first, second = output.split("\n\n")[:3]
    assert figures.splitlines()[:3] == [
        "닮은 정도",
        "   배우기 전  0% (0~0%, 대답 16개)",
        "   10단계     20% (5~30%, 대답 16개)",
    ]
    assert first.splitlines() == [
        "1. 마루: 몇 시? → 도담",
        "   배우기 전      0시",
        "   10단계         10시",
        "   20단계 ●       20시",
        "   40단계         40시",
        "   방에서 실제로  두 시 / ㄱㄱ",
    ]
    assert second.startswith("2. (대화의 첫마디)\n   배우기 전      -\n")
    assert output.endswith("\n● 가장 좋은 때\n")
    assert main(["status", "--run", "main", "--samples"]) == 0
    assert "대답해 본 것이 없습니다" in capsys.readouterr().out


def test_status_json_has_all_eval_samples(
    run_with_samples: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--run", "main-2", "--samples", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["asked"][0]["reply"] == "두 시\nㄱㄱ"
    assert [sample["step"] for sample in status["samples"]] == [0, 10, 20, 40]
    assert status["voice"] == 0.31
    assert status["likeness"]["percent"] == 40
    assert status["samples"][1]["likeness"]["percent"] == 20
    assert main(["status", "--run", "main-2", "--json"]) == 0
    assert "samples" not in json.loads(capsys.readouterr().out)


def test_a_refine_shows_the_adapter_it_goes_on_from(
    three_runs: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = Refinement("main-2", 40, ("main", "main-2"), 5, 1, None)
    refine = Runs(three_runs.folder("checkpoints_lora")).get("main-2-고침")
    refine.create({"data": {"fingerprint": "c" * 16}, "refine": begun.to_section()})
    assert main(["runs"]) == 0
    line = "  main-2-고침: main → main-2 (40단계)에서 고친 말 5개를 배움, 1개는 남겨 둠."
    output = capsys.readouterr().out
    assert f"{line} 아직 평가 전" in output.splitlines()
    assert output.count("고친 말") == 1
    refine.write_status(Status("finished", 40, 40))
    write_verdict(refine, RefineVerdict(False, "까닭", 2, 5, None, None, 1.0, 1.1, None, None))
    assert main(["runs"]) == 0
    assert f"{line} 대화에 쓰지 않음" in capsys.readouterr().out.splitlines()
    assert main(["runs", "--json"]) == 0
    newest, *others = json.loads(capsys.readouterr().out)
    assert (newest["refinement"]["source"], newest["refinement"]["learned"]) == ("main-2", 5)
    assert [other["refinement"] for other in others] == [None] * 3
