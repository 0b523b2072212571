"""The verb `runs` on invented runs: groups, marks, curves and what was set."""

from __future__ import annotations

import json
import os

import pytest

from kakaobot.cli import main
from kakaobot.cli.history import curve
from kakaobot.config import Home
from kakaobot.runs import Point, Runs, Status
from kakaobot.settings import Settings


@pytest.fixture
def three_runs(home: Home) -> Home:
    """Two of the same data, the first of them better, and one of other data between them."""
    runs = Runs(home.folder("checkpoints_lora"))
    for place, (name, data, loss, rank) in enumerate(
        [("main", "a" * 16, 3.5, 8), ("other", "b" * 16, 1.0, 16), ("main-2", "a" * 16, 3.9, 16)]
    ):
        run = runs.get(name)
        run.create(
            {
                "created_at": f"2026-03-0{place + 1}T12:30:00+09:00",
                "base": {"label": "연습용"},
                "data": {"fingerprint": data, "room": "보드게임", "train_replies": 1234},
                "settings": Settings.model_validate({"lora": {"r": rank}}).model_dump(mode="json"),
            }
        )
        os.utime(run.path / "config.yaml", (place, place))
        run.append(Point(0, "eval_loss", 5.0, 1.0), Point(40, "eval_loss", loss, 1.0))
        run.write_status(Status("finished", 40, 40, best_eval_loss=loss, best_step=40))
    return home


def test_runs_are_grouped_by_data_and_only_there_compared(
    three_runs: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs"]) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ") and "2026" in line]
    assert names == ["main-2", "main", "other"]
    assert "보드게임 · 방 전체 · 대답 1,234개 (데이터 aaaaaaaa)" in lines
    [marked] = [line for line in lines if "●" in line and "2026" in line]
    assert marked.split()[0] == "main"
    assert "3.500 (40단계) ●" in marked
    assert "█▁" in marked
    assert lines[-1] == "배운 데이터가 다르면 손실을 서로 견줄 수 없습니다."
    assert "lora.r" not in said


def test_settings_are_told_against_the_defaults_and_the_run_before(
    three_runs: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "--settings"]) == 0
    said = capsys.readouterr().out
    assert "main-2: 앞 학습 'main' 과 다른 설정\n    lora.r  16  (앞에서는 8)" in said
    assert "main: 기본값과 다른 설정\n    lora.r  8  (기본값 16)" in said


def test_as_json_each_run_carries_its_losses_and_its_data(
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
def test_losses_become_a_line_of_blocks(losses: list[float], drawn: str) -> None:
    assert curve(losses) == drawn
