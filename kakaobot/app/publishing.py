"""Publish a run's model: a folder that llama.cpp, Ollama, vLLM and others use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.builds import Builds
from kakaobot.app.personas import Personas, adapter_of
from kakaobot.base.download import byte_text, downloaded_base, local_base
from kakaobot.base.selection import location_of
from kakaobot.config import Home
from kakaobot.conversion.quantization import QUANTS, Quant
from kakaobot.language import tr
from kakaobot.publish.facts import ModelFacts, licence_of
from kakaobot.publish.plan import (
    Kind,
    PublishPlan,
    PublishSource,
    check_space,
    make_plan,
)
from kakaobot.publish.target_folder import (
    CONVERTED_FOLDER,
    PUBLISHED_FOLDER,
    check_target,
    new_folder,
)
from kakaobot.publish.writer import vllm_usage, write_published
from kakaobot.runs.audit_file import AuditFile
from kakaobot.runs.checkpoints import check_adapter
from kakaobot.runs.run import Run
from kakaobot.schema import Progress, no_progress
from kakaobot.setting_types import is_hub_name
from kakaobot.train.run_config import base_of

_DOWNLOADS = tr("바탕 모델이 이 컴퓨터에 다 있지 않아 먼저 내려받습니다.")


@dataclass(frozen=True)
class Publication:
    """What publishing a run will do."""

    run: Run
    source: PublishSource
    plan: PublishPlan

    @property
    def sentences(self) -> list[str]:
        """Korean: where it goes, what it needs, and why it differs from what was asked for."""
        plan = self.plan
        needed = tr("{target} 에 내보냅니다. 디스크가 {bytes} 필요합니다.").format(
            target=plan.target, bytes=byte_text(plan.target_bytes + plan.cache_bytes)
        )
        if plan.cache_bytes:
            needed += tr(
                " 그 가운데 {bytes} 는 바탕 모델을 바꾼 것으로, 다른 학습과 함께 씁니다."
            ).format(bytes=byte_text(plan.cache_bytes))
        return [needed, *filter(None, (plan.reason,))]


@dataclass(frozen=True)
class Published:
    folder: Path
    usage: list[str]
    """Korean: how to use it; commands stand between backticks."""


class Publishing:
    """Publishes the models of one home."""

    def __init__(self, home: Home, gate: PasswordGate) -> None:
        self._home = home
        self._gate = gate
        self.running = Builds(tr("내보내기를 그만두었습니다. 쓰던 것은 지웠습니다."))
        """What pages follow and cancel of `run`."""
        self.published: Published | None = None
        """By the last `run` that came to its end."""

    def needs(
        self, access: AccessPass | None, kind: Kind, *, run: str = "", quant: Quant = QUANTS[0]
    ) -> list[str]:
        """Korean: what publishing would do; sends no request.

        Raises:
            AccessDenied, RunError, BaseModelError: as `plan`.
        """
        self._gate.verify(access)
        base = location_of(base_of(Personas(self._home).find(run)).name)
        if local_base(base) is None:
            return [_DOWNLOADS]
        return self.plan(access, kind, run=run, quant=quant, progress=no_progress).sentences

    def run(
        self, access: AccessPass | None, kind: Kind, *, run: str = "", quant: Quant = QUANTS[0]
    ) -> None:
        """Plan and publish, recorded in `running`. Others have to wait for their turn.

        Raises:
            BuildCancelled: `running` was cancelled; nothing is left of it.
            AccessDenied, RunError, BaseModelError, OSError: as `plan` and `publish`.
        """
        with self.running.recorded() as progress:
            publication = self.plan(access, kind, run=run, quant=quant, progress=progress)
            self.published = self.publish(access, publication, progress)

    def plan(
        self,
        access: AccessPass | None,
        kind: Kind,
        *,
        run: str = "",
        quant: Quant = QUANTS[0],
        to: Path | None = None,
        progress: Progress,
    ) -> Publication:
        """Decide what is written, and check that it can be. Downloads a base that is missing.

        Args:
            access: issued by the gate of this service.
            kind: for which programs.
            run: name of the run; empty for the newest one with an adapter.
            quant: precision of a GGUF file.
            to: the folder; None for one in the home.
            progress: is told of a download.

        Raises:
            AccessDenied: the pass is not valid.
            RunError: there is no adapter, the folder is somebody else's, or the disk is too full.
            BaseModelError: the base cannot be read, or cannot be what was asked for.
        """
        self._gate.verify(access)
        chosen = Personas(self._home).find(run)
        _, adapter = adapter_of(chosen)
        check_adapter(adapter)
        base = location_of(base_of(chosen).name)
        folder = downloaded_base(base, lambda text: progress(0.0, text))
        source = PublishSource(base, folder, adapter, self._home.folder(CONVERTED_FOLDER))
        target = to or self._home.folder(PUBLISHED_FOLDER) / f"{chosen.name}-{kind}"
        check_target(target)
        plan = make_plan(source, kind, quant, target.absolute())
        check_space(source, plan)
        return Publication(chosen, source, plan)

    def publish(
        self, access: AccessPass | None, publication: Publication, progress: Progress
    ) -> Published:
        """Write the folder. A `progress` that raises stops it, and leaves nothing.

        Raises:
            AccessDenied: the pass is not valid.
            RunError, BaseModelError, OSError: a file cannot be read or written.
        """
        self._gate.verify(access)
        run, source, plan = publication.run, publication.source, publication.plan
        facts = _facts(run, source)
        generation = self._home.settings().generation
        with new_folder(plan.target) as draft:
            usage = write_published(source, plan, facts, generation, draft, progress)
        if plan.kind == "vllm" and not plan.merges:
            # Its README names no folder of this machine; here it may be copied as it is.
            usage = vllm_usage(plan.target, facts.base_id or str(source.base_folder))
        return Published(plan.target, usage)


def _facts(run: Run, source: PublishSource) -> ModelFacts:
    base, data = base_of(run), run.section("data")
    status, (kind, _) = run.recorded_status(), adapter_of(run)
    return ModelFacts(
        base_label=tr(base.label),
        base_id=base.name if is_hub_name(base.name) else "",
        licence=licence_of(base.name, source.base_folder),
        fingerprint=str(data.get("fingerprint", "")),
        step=status.best_step if kind == "best" else status.step,
        whole_room=not data.get("persona"),
        shows_names=bool(data.get("named")),
        audited=bool(AuditFile(run.path).read()),
    )
