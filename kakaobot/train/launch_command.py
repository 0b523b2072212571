"""The command that starts a run's worker: one process, or several through accelerate. No torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from kakaobot.base.selection import Hardware, detect_hardware, one_gpu
from kakaobot.errors import ConfigError, RunError
from kakaobot.language import tr
from kakaobot.settings import TrainingSettings
from kakaobot.yaml_file import read_yaml

_WORKER = "kakaobot.train.worker"
_FSDP = "FSDP"
_SUPPORTED = ("NO", "MULTI_GPU", "MULTI_CPU", _FSDP)
_ALLOWED = frozenset({
    "compute_environment", "debug", "distributed_type", "downcast_bf16", "enable_cpu_affinity",
    "fsdp_config", "gpu_ids", "machine_rank", "main_process_ip", "main_process_port",
    "main_training_function", "mixed_precision", "num_machines", "num_processes", "rdzv_backend",
    "same_network", "tpu_env", "tpu_use_cluster", "tpu_use_sudo", "use_cpu",
})  # fmt: skip
"""Keys of an accelerate file. Others could set any option of the launcher, which runs code."""
"""Values of `distributed_type`; except with FSDP every process holds the whole model."""
OFFLOAD_UNSUPPORTED = tr(
    "FSDP 의 fsdp_offload_params 는 쓸 수 없습니다. accelerate 설정 파일에서 false 로 바꾸세요."
)


@dataclass(frozen=True)
class LaunchCommand:
    """Starts the worker of any run: the run folder is its last argument."""

    argv: tuple[str, ...]
    """Without the run folder."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables to add: which GPU the worker sees."""

    def for_run(self, folder: Path) -> list[str]:
        return [*self.argv, str(folder)]


def launch_command(
    training: TrainingSettings,
    home: Path,
    *,
    hardware: Callable[[], Hardware] = detect_hardware,
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> LaunchCommand:
    """The command for the processes these settings ask for.

    Args:
        training: number of processes and accelerate file.
        home: folder that `training.accelerate_config` is relative to.
        hardware: detects the GPUs.
        environ: the variables of this process.
        platform: as `sys.platform`.

    Raises:
        RunError: there are fewer GPUs than processes, or the accelerate file is missing, damaged
            or asks for something unsupported.
    """
    file = home / training.accelerate_config
    config = _read(file) if training.accelerate_config else {}
    processes = training.num_processes
    if processes == 1:
        processes = _count(config, "num_processes")
    if processes == 1 and _is_fsdp(config):
        raise RunError(
            tr("FSDP 로 나눠 들려면 accelerate 설정 파일의 num_processes 를 2 이상으로 적으세요.")
        )
    if processes == 1:
        return LaunchCommand((sys.executable, "-m", _WORKER), one_gpu(environ, hardware))
    machines = _count(config, "num_machines")
    if processes % machines:
        raise RunError(
            tr(
                "프로세스 {processes}개를 컴퓨터 {machines}대에 똑같이 나눌 수 없습니다. "
                "training.num_processes 를 컴퓨터 수의 배수로 적으세요."
            ).format(processes=processes, machines=machines)
        )
    local = processes // machines
    _check_local_processes(local, _visible_gpus(hardware(), environ), platform)
    options = {
        **({"config_file": str(file)} if config else {}),
        "num_processes": str(processes),
        **_default_options(config, machines, local),
    }
    return LaunchCommand(
        (
            *(sys.executable, "-m", "accelerate.commands.launch"),
            "--use_fsdp" if _is_fsdp(config) else "--multi_gpu",
            *(word for name, value in options.items() for word in (f"--{name}", value)),
            *("-m", _WORKER),
        )
    )


def unsupported(distributed_type: str) -> str:
    """Korean: this way of splitting a model does not work, and which one does."""
    return tr(
        "{distributed_type} 는 아직 쓸 수 없습니다. accelerate 설정 파일의 "
        "distributed_type 을 MULTI_GPU 나 FSDP 로 바꾸세요. 자세한 것은 "
        "docs/scaling.md 에 있습니다."
    ).format(distributed_type=distributed_type)


def uses_fsdp(training: TrainingSettings, home: Path) -> bool:
    """Whether each process holds a shard of one model.

    Raises:
        RunError: the accelerate file is missing, damaged or asks for something unsupported.
    """
    return bool(training.accelerate_config) and _is_fsdp(_read(home / training.accelerate_config))


def _default_options(config: Mapping[str, Any], machines: int, local: int) -> dict[str, str]:
    """Options the file leaves open; accelerate would guess them, and warn that it did."""
    cores = psutil.cpu_count(logical=False) or 1
    defaults = {
        "num_machines": "1",
        "machine_rank": "0",
        # Any free port; several machines have to agree on one.
        "main_process_port": "0" if machines == 1 else "29500",
        "dynamo_backend": "no",
        "num_cpu_threads_per_process": str(max(1, cores // local)),
    }
    options = {name: value for name, value in defaults.items() if config.get(name) is None}
    if not config:
        # Keeps accelerate's own default config of this user from choosing the GPUs.
        options["gpu_ids"] = "all"
    # `model.dtype` decides; any other value makes the Trainer autocast.
    return {**options, "mixed_precision": "no"}


def _is_fsdp(config: Mapping[str, Any]) -> bool:
    return str(config.get("distributed_type")).upper() == _FSDP


def _count(config: Mapping[str, Any], name: str) -> int:
    """A positive number of the accelerate file; 1 by default."""
    value = config.get(name)
    if value is None:
        return 1
    if not isinstance(value, int) or value < 1:
        raise RunError(
            tr("accelerate 설정 파일의 {name} 에는 1 이상의 수를 적으세요: {value}").format(
                name=name, value=value
            )
        )
    return value


def _check_local_processes(local: int, gpus: int, platform: str) -> None:
    # NCCL, which sums gradients over GPUs, exists for Linux only.
    if platform != "linux":
        raise RunError(
            tr(
                "여러 프로세스로 배우는 것은 리눅스에서만 됩니다 (윈도에서는 WSL2 안에서). "
                "training.num_processes 를 1로 두세요."
            )
        )
    if 0 < gpus < local:
        raise RunError(
            tr(
                "이 컴퓨터의 그래픽 카드는 {gpus}개인데 프로세스 {local}개로 배우려고 합니다. "
                "training.num_processes 를 {gpus} 이하로 줄이세요."
            ).format(gpus=gpus, local=local)
        )


def _visible_gpus(hardware: Hardware, environ: Mapping[str, str]) -> int:
    """GPUs the workers can use; 0 means they train on the CPU."""
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not hardware.gpu_count:
        return hardware.gpu_count
    return len([name for name in visible.split(",") if name.strip() not in ("", "-1")])


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise RunError(
            tr(
                "accelerate 설정 파일이 없습니다: {file}. training.accelerate_config 를 "
                "고치거나 비워 두세요."
            ).format(file=file)
        )
    try:
        config = read_yaml(file)
        # Accelerate reads it again, and only that.
        file.read_text(encoding="utf-8")
    except ConfigError as error:
        raise RunError(
            tr("accelerate 설정 파일을 읽을 수 없습니다. {error}").format(error=error)
        ) from error
    except UnicodeDecodeError as error:
        raise RunError(
            tr(
                "accelerate 설정 파일은 UTF-8 이어야 합니다. 인코딩을 바꿔 저장하세요: {file}"
            ).format(file=file)
        ) from error
    if not config or not isinstance(config, dict):
        raise RunError(tr("accelerate 설정 파일이 비어 있습니다: {file}").format(file=file))
    distributed_type = str(config.get("distributed_type") or "NO").upper()
    if distributed_type not in _SUPPORTED:
        raise RunError(unsupported(distributed_type))
    if _is_fsdp(config) and (config.get("fsdp_config") or {}).get("fsdp_offload_params"):
        raise RunError(OFFLOAD_UNSUPPORTED)
    _check_keys(config)
    return config


def _check_keys(config: Mapping[str, Any]) -> None:
    """Refuse what a received file could use to run code: accelerate takes keys for its options."""
    fsdp = config.get("fsdp_config") or {}
    unknown = config.keys() - _ALLOWED
    unknown |= {name for name in config if name != "fsdp_config" and isinstance(config[name], dict)}
    unknown |= {name for name in fsdp if not str(name).startswith("fsdp_")}
    if config.get("rdzv_backend") not in (None, "static"):
        unknown.add("rdzv_backend")
    if unknown:
        names = ", ".join(sorted(map(str, unknown)))
        raise RunError(
            tr("accelerate 설정 파일의 다음 줄은 쓸 수 없습니다. 지우세요: {names}").format(
                names=names
            )
        )
