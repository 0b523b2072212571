"""Estimates of memory and time before a run starts."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from kakaobot.app.base_models import BaseModels
from kakaobot.app.datasets import Datasets
from kakaobot.app.estimates import Estimates, estimate
from kakaobot.app.exports import Exports
from kakaobot.base.cpu import Cpu
from kakaobot.base.selection import BaseModelChoice, Hardware
from kakaobot.cli import main
from kakaobot.config import ROOT, Home, save
from kakaobot.runs.run import Run, Runs
from kakaobot.runs.status import Status
from kakaobot.train.forecast import Estimate, timing_note
from tests.base.damages import copy_base
from tests.conftest import SAMPLE
from tests.patience import patience

GB = 2**30
AVX2 = Cpu(frozenset(("avx", "avx2")), cores=2)
BF16 = Cpu(frozenset(("avx2", "avx512f", "avx512_bf16")), cores=2)
TIME_LATER = "시간은 학습을 시작해 첫 걸음을 재고 나서 알려 드립니다."


@pytest.fixture
def prepared(home: Home, bases: BaseModels) -> Home:
    Exports(home).import_files([SAMPLE])
    Datasets(home, bases).build()
    return home


def estimate_for(
    home: Home, *, base: str = "starter", free: float = 12, card: str = "", cpu: Cpu = AVX2
) -> Estimate:
    return estimate(
        home,
        BaseModels(lambda name: BaseModelChoice(base, base, "")),
        hardware=lambda: Hardware(card, int(free * GB)),
        free=lambda: int(free * GB),
        cpu=lambda: cpu,
    )


def finished_run(
    home: Home,
    tokens_per_second: float,
    *,
    base: str = "starter",
    name: str = "main",
    **status: Any,
) -> Run:
    """Create a run with a measured speed and the current settings."""
    run = Runs(home.folder("checkpoints_lora")).get(name)
    run.create({"base": {"name": base}, "settings": home.settings().model_dump(mode="json")})
    values: dict[str, Any] = {"step": 9, "tokens_per_second": tokens_per_second, **status}
    run.write_status(Status("stopped", **values))
    return run


def test_memory_and_time_are_in_one_sentence(prepared: Home) -> None:
    result = estimate_for(prepared)
    [sentence] = result.sentences
    assert sentence.startswith("메모리 약 0.")
    assert "이 컴퓨터에 남은 것 12.0GB" in sentence
    assert "시간 약" in sentence
    assert result.enough
    assert result.memory is not None
    assert result.memory.total < GB


def test_a_larger_base_needs_more_memory_and_time(prepared: Home) -> None:
    small, large = (estimate_for(prepared, base=f"Qwen/Qwen3-{size}B") for size in (0.6, 1.7))
    assert small.memory is not None
    assert large.memory is not None
    assert large.memory.total > 1.5 * small.memory.total
    assert (large.seconds or 0) > 2 * (small.seconds or 0) > 0


def test_too_little_memory_suggests_a_setting_to_lower(prepared: Home) -> None:
    result = estimate_for(prepared, base="Qwen/Qwen3-0.6B", free=1.5)
    assert not result.enough
    assert "training.max_seq_len" in result.sentences[1] or "model." in result.sentences[1]
    result = estimate_for(prepared, base="Qwen/Qwen3-8B", free=4)
    assert "model.base_model 을 더 작은" in result.sentences[1]


def test_memory_of_the_card_counts_if_there_is_one(prepared: Home) -> None:
    result = estimate_for(prepared, base="Qwen/Qwen3-1.7B", free=8, card="GeForce")
    assert result.sentences[0].startswith("그래픽 메모리 약")
    assert result.enough


def test_two_cards_halve_the_time_if_the_batch_has_two_rows(prepared: Home) -> None:
    finished_run(prepared, 1000.0)

    def seconds(processes: int, batch: int, card: str = "GeForce") -> float:
        changes = {"training.num_processes": processes, "training.batch": batch}
        save(prepared.settings_file, changes)
        return estimate_for(prepared, base="Qwen/Qwen3-1.7B", card=card).seconds or 0

    for batch, times in ((8, 2), (1, 1)):
        assert seconds(2, batch) == pytest.approx(seconds(1, batch) / times)
    # Processes on a CPU share its cores.
    assert seconds(2, 8, card="") == pytest.approx(seconds(1, 8, card=""))


def test_fsdp_is_not_estimate_for(prepared: Home) -> None:
    file = prepared.root / "fsdp.yaml"
    file.write_text("distributed_type: FSDP\nnum_processes: 2\n", encoding="utf-8")
    save(prepared.settings_file, {"training.accelerate_config": file.name})
    result = estimate_for(prepared)
    assert "어림하지 않습니다" in result.sentences[0]
    assert result.memory is None
    assert result.enough


def test_time_is_based_on_an_earlier_run_of_the_same_base(prepared: Home) -> None:
    finished_run(prepared, 10.0)
    slow = estimate_for(prepared).seconds
    finished_run(prepared, 20.0)
    assert slow == pytest.approx(2 * (estimate_for(prepared).seconds or 0))
    # A newer run of another base does not count.
    finished_run(prepared, 9999.0, base="Qwen/Qwen3-0.6B", name="another")
    assert slow == pytest.approx(2 * (estimate_for(prepared).seconds or 0))


def test_speed_of_another_base_is_scaled_by_flops_per_token(prepared: Home) -> None:
    finished_run(prepared, 1000.0)
    small = estimate_for(prepared).seconds or 0
    large = estimate_for(prepared, base="Qwen/Qwen3-0.6B").seconds or 0
    # The starter has 6.8 million parameters, of which 3.7 million are multiplied for each token.
    assert 50 < large / small < 120


def test_runs_without_a_usable_speed_are_skipped(prepared: Home) -> None:
    from_table = estimate_for(prepared).seconds
    run = finished_run(prepared, 10.0, step=4)
    assert estimate_for(prepared).seconds == from_table
    finished_run(prepared, 10.0, pace_setup="cuda:0 torch.bfloat16 1")
    assert estimate_for(prepared).seconds == from_table
    finished_run(prepared, 10.0, base="nobody/no-such-model")
    assert estimate_for(prepared).seconds == from_table
    (run.path / "config.yaml").write_text("base: 3", encoding="utf-8")
    assert estimate_for(prepared).seconds == from_table
    finished_run(prepared, 10.0, pace_setup="cpu torch.float32 1")
    assert (estimate_for(prepared).seconds or 0) > 2 * (from_table or 0)


def test_without_a_run_time_is_based_on_a_measured_cpu(prepared: Home) -> None:
    two_cores = estimate_for(prepared).seconds or 0
    four_cores = estimate_for(prepared, cpu=Cpu(AVX2.flags, cores=4)).seconds or 0
    assert two_cores / 2 <= four_cores < two_cores
    # The same base in half precision, on a CPU with instructions for it.
    single, half = (estimate_for(prepared, base="Qwen/Qwen3-0.6B", cpu=cpu) for cpu in (AVX2, BF16))
    assert 0 < (half.seconds or 0) < (single.seconds or 0)
    assert half.memory is not None
    assert single.memory is not None
    assert half.memory.weights == single.memory.weights // 2


def test_gradient_checkpointing_takes_longer(prepared: Home) -> None:
    without = estimate_for(prepared).seconds or 0
    save(prepared.settings_file, {"model.gradient_checkpointing": True})
    assert estimate_for(prepared).seconds == pytest.approx(without / 0.75)


def test_a_run_without_an_eta_is_timing_its_first_steps() -> None:
    assert timing_note(Status("running", 1, 80)) == "첫 걸음을 재고 있습니다."
    assert timing_note(Status("running", 9, 80, eta_seconds=0.0)) == ""
    assert timing_note(Status("starting")) == timing_note(Status("finished", 80, 80)) == ""


@pytest.mark.parametrize(
    ("cpu", "card"), [(Cpu(), ""), (Cpu(frozenset(("avx512f", "avx2")), 8), ""), (AVX2, "GeForce")]
)
def test_time_is_unknown_on_an_unmeasured_machine(prepared: Home, cpu: Cpu, card: str) -> None:
    result = estimate_for(prepared, card=card, cpu=cpu)
    assert result.seconds is None
    assert result.memory is not None
    [sentence] = result.sentences
    assert sentence.startswith(("메모리 약", "그래픽 메모리 약"))
    assert sentence.endswith(f"). {TIME_LATER}")


def test_estimating_imports_no_torch_and_starts_no_process(
    prepared: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAKAOBOT_HOME", str(prepared.root))
    # Hide nvidia-smi: querying the card is the only process it may start.
    monkeypatch.setenv("PATH", "")
    program = (
        "import subprocess, sys\n"
        "subprocess.Popen.__init__ = lambda *args, **kwargs: sys.exit('a process was started')\n"
        "from kakaobot.app.estimates import estimate\n"
        "from kakaobot.config import Home\n"
        "print(estimate(Home.find()).memory is not None, 'torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "True False\n", "")


def test_unknown_architectures_are_not_estimate_for(prepared: Home, tmp_path: Path) -> None:
    folder = copy_base(tmp_path / "base")
    (folder / "config.json").write_text('{"model_type": "mamba"}', encoding="utf-8")
    for base in (str(folder), "nobody/no-such-model"):
        result = estimate_for(prepared, base=base)
        assert (result.memory, result.seconds, result.enough) == (None, None, True)
        assert "어림할 수 없습니다" in result.sentences[0]


def test_without_data_the_estimate_names_the_next_step(home: Home) -> None:
    assert "데이터를 준비하면" in estimate_for(home).sentences[0]


def test_dry_run_prints_the_estimate_and_starts_nothing(
    prepared: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    save(prepared.settings_file, {"model.base_model": "starter"})
    assert main(["train", "--dry-run"]) == 0
    assert "메모리 약" in capsys.readouterr().out
    assert Runs(prepared.folder("checkpoints_lora")).all() == []


def test_dry_run_names_a_damaged_base(
    prepared: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = copy_base(tmp_path / "base")
    save(prepared.settings_file, {"model.base_model": str(base)})
    (base / "model.safetensors").write_bytes((base / "model.safetensors").read_bytes()[:100_000])
    assert main(["train", "--dry-run"]) == 1
    assert "model.safetensors 파일이 " in capsys.readouterr().err


class CountingEstimate:
    """Replaces `estimate` and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, home: Home, bases: BaseModels) -> Estimate:
        self.calls += 1
        return Estimate((f"{self.calls}번째",))


def test_an_estimate_is_cached_until_data_or_settings_change(
    prepared: Home, bases: BaseModels
) -> None:
    compute, now, messages = CountingEstimate(), [0.0], []
    estimates = Estimates(prepared, bases, compute=compute, clock=lambda: now[0])
    assert estimates.cached() is None
    first = estimates.get(lambda share, text: messages.append(text))
    assert first is estimates.cached() is estimates.get()
    assert (compute.calls, len(messages)) == (1, 1)
    save(prepared.settings_file, {"lora.r": 4})
    assert estimates.cached() is None
    assert estimates.get() == Estimate(("2번째",))
    Exports(prepared).import_files([SAMPLE])
    save(prepared.settings_file, {"data.persona": "도담"})
    Datasets(prepared, bases).build()
    assert estimates.cached() is None
    estimates.get()
    assert compute.calls == 3


def test_an_old_estimate_is_recomputed(prepared: Home, bases: BaseModels) -> None:
    compute, now = CountingEstimate(), [0.0]
    estimates = Estimates(prepared, bases, compute=compute, clock=lambda: now[0])
    first = estimates.get()
    now[0] = 3600.0
    # Pollers still get the cached one.
    assert estimates.cached() is first
    assert estimates.get() != first


def test_nothing_is_computed_without_data(home: Home, bases: BaseModels) -> None:
    compute = CountingEstimate()
    estimates = Estimates(home, bases, compute=compute)
    assert estimates.get() is estimates.cached() is None
    assert compute.calls == 0


def test_concurrent_requests_compute_once(prepared: Home, bases: BaseModels) -> None:
    homes, entered, go = [], threading.Event(), threading.Event()

    def compute(home: Home, bases: BaseModels) -> Estimate:
        homes.append(home)
        entered.set()
        go.wait(patience())
        return Estimate(("한 번",))

    estimates = Estimates(prepared, bases, compute=compute)
    results: list[Estimate | None] = []
    threads = [threading.Thread(target=lambda: results.append(estimates.get())) for _ in range(2)]
    threads[0].start()
    entered.wait(patience())
    threads[1].start()
    # Pollers do not block either.
    assert estimates.cached() is None
    go.set()
    for thread in threads:
        thread.join(patience())
    assert results == [Estimate(("한 번",))] * 2
    assert len(homes) == 1
