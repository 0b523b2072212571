"""고친 말로 다시 배우기: a new run from the adapter in use. Every call requires a pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.feedback import is_about
from kakaobot.app.personas import Persona, Personas, chat_messages
from kakaobot.app.refine_rows import RefineFolders
from kakaobot.app.training import RunStart, Training
from kakaobot.app.training_snapshot import TrainingSnapshot
from kakaobot.base.files import check_files
from kakaobot.base.selection import location_of
from kakaobot.chat.lines import ChatLine
from kakaobot.config import Home, parse
from kakaobot.dataset.corrections import (
    CorrectionRules,
    Corrections,
    Render,
    corrections_of,
    read_corrections,
    remove_rows,
    write_rows,
)
from kakaobot.dataset.feedback import FEEDBACK_FOLDER, FeedbackEntry, FeedbackStore, SaidLine
from kakaobot.dataset.pseudonyms import Pseudonymizer, PseudonymStore
from kakaobot.errors import DatasetError, KakaobotError, RunError
from kakaobot.language import tr
from kakaobot.runs.checkpoints import check_adapter
from kakaobot.runs.refinement import RefineVerdict, refinement_of
from kakaobot.runs.run import Run, Runs
from kakaobot.schema import ChatMessage
from kakaobot.train.refine_plan import RefineRecipe, refine_config, refine_settings
from kakaobot.train.run_config import base_of

_SUFFIX = tr("고침")
_REFINED = re.compile(r"(?:-(?:고침|refined)(?:-\d+)?)+$")
"""Such suffixes of either language."""
_NOTHING = tr(
    "아직 고친 말이 없습니다. '대화'에서 대답 아래의 👍, 👎 나 '이 사람이라면 이렇게'를 눌러 "
    "모으세요."
)


@dataclass(frozen=True)
class RefineOffer:
    """What a refine would learn, and how the last one ended."""

    source: str
    """Name of the run it begins with; empty if there is none."""
    learned: int
    held_out: int
    """Edits that are kept back to see whether what was learned carries over."""
    left_out: tuple[tuple[str, int], ...]
    """Korean reason and number of entries."""
    resumes: bool
    """Whether a start goes on with an unfinished refine."""
    blocker: str
    """Korean: why none can start now; empty if it can."""
    last: str
    """Name of the newest finished refine of this persona; empty if there is none."""
    verdict: RefineVerdict | None
    """Of that refine."""


class Refining:
    """Refines the runs of one home."""

    def __init__(self, home: Home, gate: PasswordGate, training: Training) -> None:
        self._home, self._gate, self._training = home, gate, training
        self._personas = Personas(home)
        self._store = FeedbackStore(home.folder(FEEDBACK_FOLDER))
        self._rows = RefineFolders(home)

    def offer(self, access: AccessPass | None, run: str = "") -> RefineOffer:
        """What a start would do.

        Args:
            access: issued by the gate.
            run: as in `ChatService.persona`.

        Raises:
            AccessDenied: the pass is not valid.
            DatasetError: the feedback cannot be read.
        """
        self._gate.verify(access)
        self._rows.tidy()
        try:
            source = self._personas.find(run)
            persona = self._personas.get(source.name)
        except RunError as error:
            return RefineOffer("", 0, 0, (), False, str(error), "", None)
        corrections, blocker = self._corrections(persona), ""
        try:
            self._check(source, persona, corrections)
        except KakaobotError as error:
            blocker = str(error)
        live = self._personas.training()
        if live is not None and not blocker:
            blocker = tr("학습 '{name}' 이 진행 중입니다. 끝나면 시작할 수 있습니다.").format(
                name=live.name
            )
        last, verdict = self._last(persona)
        return RefineOffer(
            source=source.name,
            learned=corrections.learned,
            held_out=len(corrections.items) - corrections.learned,
            left_out=corrections.left_out,
            resumes=self._unfinished(source, corrections) is not None,
            blocker=blocker,
            last=last,
            verdict=verdict,
        )

    def start(
        self, access: AccessPass | None, run: str = "", *, recipe: RefineRecipe | None = None
    ) -> TrainingSnapshot:
        """Start a refine, or go on with an unfinished one that learns the same; returns at once.

        Args:
            access: issued by the gate.
            run: as in `offer`.
            recipe: replaces the one that `benchmarks/refine.py` has chosen.

        Raises:
            AccessDenied: the pass is not valid.
            RunError, DatasetError, BaseModelError: a prerequisite is missing, or a run is live.
        """
        self._gate.verify(access)
        self._rows.tidy()
        source = self._personas.find(run)
        persona = self._personas.get(source.name)
        corrections = self._corrections(persona)

        def prepare(runs: Runs) -> RunStart:
            self._check(source, persona, corrections)
            settings = refine_settings(parse(source.section("settings")), self._home.settings())
            command = self._training.command(settings.training)
            unfinished = self._unfinished(source, corrections)
            if unfinished is not None:
                # Written again, so that it counts as the newest run.
                create = unfinished.create
                return RunStart(unfinished, command, lambda: create(unfinished.config()), True)
            refine = runs.get(runs.unused_name(_name_after(source)))
            return RunStart(
                refine,
                command,
                lambda: self._create(refine, source, corrections, recipe or RefineRecipe()),
                False,
            )

        return self._training.launch(prepare)

    def _corrections(self, persona: Persona) -> Corrections:
        settings = self._home.settings()
        replace_names: Callable[[str], str] = str
        if settings.data.pseudonyms:
            names = PseudonymStore(self._home).known()
            pseudonymizer = Pseudonymizer(names, settings)
            settings, replace_names = pseudonymizer.settings, pseudonymizer.replace_names
        rules = CorrectionRules(settings.data, replace_names)
        turns = settings.generation.max_history_turns

        def render_for(entry: FeedbackEntry) -> Render:
            def render(lines: Sequence[SaidLine]) -> list[ChatMessage]:
                seen = [*lines[:-1][-turns:], lines[-1]]
                return chat_messages(
                    [ChatLine(*line) for line in seen], persona, user_name=entry.user_name
                )

            return render

        entries = [entry for entry in self._store.entries() if is_about(entry, persona)]
        return corrections_of(entries, rules, render_for)

    def _check(self, source: Run, persona: Persona, corrections: Corrections) -> None:
        """Check what a refine needs.

        Raises:
            RunError, DatasetError, BaseModelError: it is missing.
        """
        if not corrections.learned:
            raise DatasetError(_NOTHING)
        report = self._training.checked_report(self._home.settings())
        expected = (persona.room, persona.name, persona.shows_names)
        if (report.room, report.persona, report.shows_names) != expected:
            whose = persona.name or persona.room or tr("방 전체")
            raise DatasetError(
                tr(
                    "지금 준비된 데이터는 '{whose}' 의 것이 아닙니다. 그 사람과 방을 고르고 "
                    "'데이터 준비'(preprocess)를 다시 한 뒤 다시 배우세요."
                ).format(whose=whose)
            )
        check_adapter(_adapter(source))
        check_files(location_of(base_of(source).name))

    def _create(
        self, run: Run, source: Run, corrections: Corrections, recipe: RefineRecipe
    ) -> None:
        """Write rows, first adapter and config; the config last, which makes it a run."""
        rows = self._rows.of(run)
        remove_rows(rows)
        data = self._home.folder(self._home.settings().paths.sft)
        fingerprint = write_rows(rows, corrections, data)
        run.checkpoints.copy_start(_adapter(source))
        if counts := source.turn_taking():
            run.write_turn_taking(counts)
        if scales := source.likeness_scales():
            run.write_likeness_scales(scales)
        run.create(refine_config(run, source, self._home, rows, fingerprint, corrections, recipe))

    def _unfinished(self, source: Run, corrections: Corrections) -> Run | None:
        """The newest refine of this run that has not finished and learns the same."""
        for run in self._runs().all():
            refinement = refinement_of(run)
            if refinement is None or refinement.source != source.name:
                continue
            try:
                same = read_corrections(self._rows.of(run)) == list(corrections.items)
            except DatasetError:
                return None
            return run if same and run.status().state != "finished" else None
        return None

    def _last(self, persona: Persona) -> tuple[str, RefineVerdict | None]:
        """The newest judged refine of a persona, and its verdict."""
        for run in self._runs().all():
            refinement = refinement_of(run)
            if refinement is None or refinement.verdict is None:
                continue
            data = run.section("data", "persona", "room")
            if (data["persona"], data["room"]) == (persona.name, persona.room):
                return run.name, refinement.verdict
        return "", None

    def _runs(self) -> Runs:
        return Runs(self._home.folder(self._home.settings().paths.runs))


def _adapter(source: Run) -> Path:
    """The best adapter of a run.

    Raises:
        RunError: it has none.
    """
    adapter = source.checkpoints.adapter()
    if adapter is None or adapter[0] != "best":
        raise RunError(
            tr("학습 '{name}' 에는 배운 것이 아직 없습니다. 끝까지 배운 뒤 고치세요.").format(
                name=source.name
            )
        )
    return adapter[1]


def _name_after(source: Run) -> str:
    """`main-고침` after `main` and after `main-고침`; numbered where it is taken."""
    return f"{_REFINED.sub('', source.name)}-{_SUFFIX}"
