"""How workers are launched, and which accelerate files are refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kakaobot.base.selection import Hardware
from kakaobot.config import ROOT
from kakaobot.errors import RunError
from kakaobot.settings import TrainingSettings
from kakaobot.train.launch_command import LaunchCommand, launch_command

TWO_GPUS = Hardware("GeForce", 8 * 2**30, "1", gpu_count=2)
DOCUMENTED = [
    yaml.safe_load(text)
    for text in re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8"), re.DOTALL
    )
]
"""The accelerate files of docs/scaling.md."""


def command(
    home: Path,
    hardware: Hardware | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    platform: str = "linux",
    **training: Any,
) -> LaunchCommand:
    return launch_command(
        TrainingSettings(**training),
        home,
        hardware=lambda: hardware or Hardware(),
        environ=environ or {},
        platform=platform,
    )


def write_config(home: Path, **config: object) -> str:
    file = home / "accelerate.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file.name


def options_of(command: LaunchCommand) -> dict[str, str]:
    words = command.argv[: command.argv.index("kakaobot.train.worker") - 1]
    return {name: value for name, value in zip(words, words[1:], strict=False) if name[:2] == "--"}


def test_one_process_is_launched_without_accelerate_and_sees_one_gpu(tmp_path: Path) -> None:
    launched = command(tmp_path, TWO_GPUS)
    run = tmp_path / "checkpoints_lora" / "main"
    assert launched.for_run(run) == [sys.executable, "-m", "kakaobot.train.worker", str(run)]
    assert launched.environ["CUDA_VISIBLE_DEVICES"] == "1"


def test_several_processes_are_launched_by_accelerate_and_see_all_gpus(tmp_path: Path) -> None:
    launched = command(tmp_path, TWO_GPUS, num_processes=2)
    assert launched.argv[1:4] == ("-m", "accelerate.commands.launch", "--multi_gpu")
    run = tmp_path / "checkpoints_lora" / "main"
    assert launched.for_run(run)[-3:] == ["-m", "kakaobot.train.worker", str(run)]
    options = options_of(launched)
    assert (options["--num_processes"], options["--main_process_port"]) == ("2", "0")
    assert launched.environ == {}


def test_options_of_the_accelerate_file_are_not_repeated(tmp_path: Path) -> None:
    name = write_config(
        tmp_path, distributed_type="MULTI_GPU", num_machines=2, num_processes=4, machine_rank=0,
        main_process_ip="192.0.2.1", mixed_precision="bf16",
    )  # fmt: skip
    options = options_of(command(tmp_path, TWO_GPUS, accelerate_config=name))
    assert options["--config_file"] == str(tmp_path / name)
    assert options["--num_processes"] == "4"
    assert options["--main_process_port"] == "29500"
    assert not {"--num_machines", "--machine_rank", "--gpu_ids"} & set(options)
    # The base's own precision counts, whatever the file says.
    assert options["--mixed_precision"] == "no"


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"num_processes": "two"}, "num_processes 에는 1 이상의 수"),
        ({"num_processes": 4, "num_machines": 0}, "num_machines 에는 1 이상의 수"),
        ({"num_processes": 3, "num_machines": 2}, "3개를 컴퓨터 2대에 똑같이 나눌 수 없습니다"),
    ],
)
def test_invalid_counts_are_refused(
    tmp_path: Path, config: dict[str, object], sentence: str
) -> None:
    name = write_config(tmp_path, distributed_type="MULTI_GPU", **config)
    with pytest.raises(RunError, match=sentence):
        command(tmp_path, TWO_GPUS, accelerate_config=name)


def test_a_file_for_one_process_launches_it_without_accelerate(tmp_path: Path) -> None:
    name = write_config(tmp_path, distributed_type="NO", num_processes=1)
    assert "accelerate.commands.launch" not in command(tmp_path, accelerate_config=name).argv


def test_more_processes_than_gpus_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="2개인데 프로세스 3개.*2 이하로"):
        command(tmp_path, TWO_GPUS, num_processes=3)
    with pytest.raises(RunError, match="1개인데 프로세스 3개"):
        command(tmp_path, TWO_GPUS, environ={"CUDA_VISIBLE_DEVICES": "1"}, num_processes=3)
    # Without any GPU they train on the CPU.
    assert options_of(command(tmp_path, num_processes=3))["--num_processes"] == "3"


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_several_processes_are_refused_outside_linux(tmp_path: Path, platform: str) -> None:
    command(tmp_path, platform=platform)
    with pytest.raises(RunError, match="리눅스에서만"):
        command(tmp_path, platform=platform, num_processes=2)


def test_a_missing_or_empty_accelerate_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="없습니다.*accelerate.yaml"):
        command(tmp_path, accelerate_config="accelerate.yaml")
    write_config(tmp_path)
    with pytest.raises(RunError, match="비어 있습니다"):
        command(tmp_path, accelerate_config="accelerate.yaml")


def test_the_documented_accelerate_files_are_accepted(tmp_path: Path) -> None:
    kinds = [config["distributed_type"] for config in DOCUMENTED]
    assert kinds == ["MULTI_GPU", "MULTI_GPU", "FSDP"]
    for config, processes in zip(DOCUMENTED, ("4", "4", "2"), strict=True):
        name = write_config(tmp_path, **config)
        options = options_of(command(tmp_path, TWO_GPUS, accelerate_config=name))
        assert options["--num_processes"] == processes


def test_fsdp_is_passed_to_accelerate_but_not_with_offload_or_one_process(tmp_path: Path) -> None:
    def argv(**config: Any) -> tuple[str, ...]:
        name = write_config(tmp_path, **{"num_processes": 2, **config})
        return command(tmp_path, TWO_GPUS, accelerate_config=name).argv

    assert argv(distributed_type="FSDP")[3] == "--use_fsdp"
    assert argv(distributed_type="MULTI_GPU")[3] == "--multi_gpu"
    with pytest.raises(RunError, match="fsdp_offload_params 는 쓸 수 없습니다"):
        argv(distributed_type="FSDP", fsdp_config={"fsdp_offload_params": True})
    with pytest.raises(RunError, match="num_processes 를 2 이상으로"):
        argv(distributed_type="FSDP", num_processes=1)


@pytest.mark.parametrize("kind", ["DEEPSPEED", "MEGATRON_LM", "XLA"])
def test_other_kinds_of_model_parallelism_are_refused(tmp_path: Path, kind: str) -> None:
    name = write_config(tmp_path, distributed_type=kind, num_processes=2)
    with pytest.raises(RunError, match=f"{kind} 는 아직"):
        command(tmp_path, TWO_GPUS, accelerate_config=name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mpirun_config", {"rdzv_backend": "c10d"}),
        ("dynamo_config", {"module": True}),
        ("deepspeed_config", {"deepspeed_hostfile": "/tmp/hosts"}),
        ("machine_rank", {"rdzv_backend": "c10d"}),
        ("rdzv_backend", "c10d"),
        ("fsdp_config", {"training_script": "/tmp/evil.py"}),
        ("commands", ["id"]),
        ("command_file", "/tmp/evil.sh"),
        ("main_process_command", "id"),
    ],
)
def test_a_received_file_cannot_set_other_options_of_the_launcher(
    tmp_path: Path, name: str, value: object
) -> None:
    file = write_config(tmp_path, num_processes=2, **{name: value})
    with pytest.raises(RunError, match="쓸 수 없습니다"):
        command(tmp_path, TWO_GPUS, accelerate_config=file)


@pytest.mark.parametrize("encoding", ["cp949", "utf-16"])
def test_an_accelerate_file_that_accelerate_cannot_read_is_refused(
    tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "accelerate.yaml"
    file.write_bytes("# 우리 카드 둘\nnum_processes: 2\n".encode(encoding))
    training = TrainingSettings(accelerate_config="accelerate.yaml")
    with pytest.raises(RunError, match="UTF-8 이어야"):
        launch_command(training, tmp_path)
