"""The command `quiz`: the blind test "진짜는 누구?" in a terminal."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from kakaobot.app.auth import AccessPass, PasswordGate
from kakaobot.app.chat import ChatService
from kakaobot.app.personas import Persona
from kakaobot.app.quiz import TURNS, Quiz, QuizQuestion
from kakaobot.app.quiz_tallies import FOOL_RATE_TITLE, fool_rate_rows, fool_rate_text
from kakaobot.chat.lines import ChatLine, split_bubbles
from kakaobot.cli.console import Console
from kakaobot.cli.context import CommandContext
from kakaobot.cli.parser import UsageError
from kakaobot.display_name import display_name, inert_text
from kakaobot.language import tr

_DEFAULT_COUNT = 10
_CHOICES = {"1": 0, "2": 1}
_INTRO = tr(
    "둘 가운데 하나만 실제로 한 말이고 하나는 AI가 지어낸 말입니다. 진짜를 고르세요. 그만두려면 /끝"
)


def quiz(args: Namespace, context: CommandContext) -> None:
    """Ask one judge, and print how often the imitation was taken for real.

    Raises:
        AccessDenied: before any words are read.
        RunError, DatasetError: there is nothing to ask, or no adapter.
    """
    turns, count = _number(args.turns, 1), _number(args.count, _DEFAULT_COUNT)
    if turns not in TURNS:
        raise UsageError(
            tr("--turns 는 {turns} 이나 {more} 입니다.").format(turns=TURNS[0], more=TURNS[1])
        )
    gate = PasswordGate.from_home(context.home)
    access = context.authenticate(gate)
    chat = ChatService(context.home, gate)
    TerminalQuiz(Quiz(context.home, gate, chat), access, context.console).ask(
        chat.persona(args.run), turns, count
    )
    chat.unload()


class TerminalQuiz:
    """Asks one judge in a terminal."""

    def __init__(self, service: Quiz, access: AccessPass, console: Console) -> None:
        self._service, self._access, self._console = service, access, console

    def ask(self, persona: Persona, turns: int, count: int) -> None:
        """Ask up to `count` questions and print the result."""
        console = self._console
        who = (
            tr("'{name}' 님을").format(name=display_name(persona.name))
            if persona.name
            else tr("이 방 사람들을")
        )
        knows = console.confirm(tr("{who} 아나요? (예/아니요) ").format(who=who))
        session = self._service.start(self._access, run=persona.run, turns=turns, knows=knows)
        try:
            console.notify(_INTRO)
            for _ in range(count):
                if not self._ask_one(session):
                    break
        finally:
            self._service.close(session)
        for title, text in fool_rate_rows(self._service.tallies(persona.run)):
            console.print(f"{title}: {text}")

    def _ask_one(self, session: str) -> bool:
        """Ask one question; False if there are no more, or the judge has had enough."""
        console, question = self._console, None
        for step in self._service.next(self._access, session):
            question = step.question
            if step.note:
                console.show_status(step.note)
        console.end_status()
        if question is None:
            console.notify(tr("더 물을 것이 없습니다."))
            return False
        console.print(_question_text(question))
        console.flush()
        side = self._side()
        if side is None:
            return False
        answer = self._service.pick(self._access, session, side)
        verdict = tr("맞혔습니다.") if answer.is_right else tr("속았습니다.")
        console.print(
            tr("{verdict} 진짜는 {real_side}번입니다. ").format(
                verdict=verdict, real_side=answer.real_side + 1
            ),
            end="",
        )
        console.print(f"{FOOL_RATE_TITLE} {fool_rate_text(answer.session)}\n")
        return True

    def _side(self) -> int | None:
        while True:
            try:
                typed = self._console.ask(tr("진짜는 몇 번? (1/2) "))
            except EOFError:
                self._console.end_prompt()
                return None
            if typed in ("/끝", "/exit"):
                return None
            if typed in _CHOICES:
                return _CHOICES[typed]


def _question_text(question: QuizQuestion) -> str:
    sides = [
        tr("{number}번\n{side}").format(number=number, side=_lines_text(side, indent="  "))
        for number, side in enumerate(question.sides, 1)
    ]
    return "\n".join(
        [
            tr("[문제 {number}]").format(number=question.number),
            _lines_text(question.context),
            "",
            *sides,
        ]
    )


def _lines_text(lines: Sequence[ChatLine], indent: str = "") -> str:
    return "\n".join(
        f"{indent}{display_name(line.name)}: {' / '.join(split_bubbles(inert_text(line.text)))}"
        for line in lines
    )


def _number(text: str, default: int) -> int:
    if not text:
        return default
    if not text.isdecimal() or not int(text):
        raise UsageError(tr("1 이상의 수를 적어 주세요: {text}").format(text=text))
    return int(text)
