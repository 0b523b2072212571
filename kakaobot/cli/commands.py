"""All commands with arguments and help texts. A command's module is imported when it runs."""

from __future__ import annotations

import importlib
from argparse import Namespace
from typing import TYPE_CHECKING

from kakaobot.cli.console import format_columns
from kakaobot.cli.hints import PROGRAM
from kakaobot.cli.parser import Parser
from kakaobot.language import tr

if TYPE_CHECKING:
    from kakaobot.cli.context import CommandContext

COMMAND_MODULES = {
    "inspect": "exports",
    "organize": "exports",
    "people": "people",
    "archive": "exports",
    "preprocess": "dataset",
    "train": "training",
    "stop": "training",
    "status": "training",
    "runs": "history",
    "reply": "chat",
    "chat": "chat",
    "smoke": "chat",
    "quiz": "quiz",
    "feedback": "feedback",
    "refine": "feedback",
    "audit": "audit",
    "export": "publishing",
    "serve": "api",
    "keys": "api",
    "where": "storage",
    "erase": "storage",
    "settings": "settings",
}
"""Command → module of this package that holds the function of the same name."""

_DESCRIPTION = tr("""카카오톡 대화방을 내보낸 파일로 LoRA 를 학습하고 그 말투로 대화합니다.
대화는 이 컴퓨터 밖으로 나가지 않습니다. 순서: organize → preprocess → train → chat""")
_ME = tr("방에서 내 이름. 이 이름의 사람이 말한 것처럼 건넵니다.")
_EPILOG = tr("""설정: configs/sft.yaml 에 적습니다. 명령으로는 학습 값을 바꾸지 않습니다.

환경 변수:
  KAKAOBOT_HOME             설정, 대화, 학습 결과가 있는 폴더 (기본: 프로그램 폴더)
  CHATBOT_PASSWORD          대화를 잠그는 비밀번호. .env 파일에 적어도 됩니다.
  CHATBOT_ACCESS_PASSWORD   대화하는 명령들이 비밀번호를 묻지 않고 쓸 값

종료 코드: 0 다 했음, 1 할 수 없었음(까닭을 한 문장으로 알립니다), 2 명령을 잘못 적음
""")
_PASSWORD_HELP = tr("""비밀번호: 터미널에서 물어봅니다. 물어볼 수 없는 곳에서는 환경 변수
CHATBOT_ACCESS_PASSWORD 에 넣으세요. 다른 사람이 볼 수 있으므로 명령에는 적지 않습니다.
""")
_JSON = tr("JSON 으로 출력합니다.")


def build_parser() -> Parser:
    parser = Parser(PROGRAM, _DESCRIPTION, make_epilog=lambda: _EPILOG)
    parser.option("--version", tr("버전을 보여 줍니다."))
    _add_export_commands(parser)
    _add_training_commands(parser)
    _add_chat_commands(parser)
    _add_review_commands(parser)
    _add_publishing_command(parser)
    _add_api_commands(parser)
    _add_storage_commands(parser)
    parser.command("settings", tr("지금 쓰이는 모든 설정을 YAML 로 보여 줍니다."))
    return parser


def run_command(args: Namespace, context: CommandContext) -> None:
    """Run `args.command`; imports only its module.

    Raises:
        KakaobotError: the command failed.
    """
    module = importlib.import_module(f"kakaobot.cli.{COMMAND_MODULES[args.command]}")
    getattr(module, args.command)(args, context)


def _add_export_commands(parser: Parser) -> None:
    command = parser.command(
        "inspect", tr("카카오톡 내보내기 파일을 읽어 무엇이 들었는지 보여 줍니다.")
    )
    command.argument("files", tr("파일"), tr("카카오톡이 내보낸 .txt 또는 .csv 파일"), nargs="+")
    command.option("--json", tr("파일마다 하나씩 JSON 배열로 출력합니다."))
    command.option("--messages", tr("파일 하나의 메시지를 한 줄에 하나씩 JSON 으로 출력합니다."))

    command = parser.command("organize", tr("내보내기 파일을 가져와 방과 달에 따라 정리합니다."))
    command.argument(
        "files",
        tr("파일"),
        tr("가져올 파일이나 폴더. 없으면 가져온 것을 다시 정리합니다."),
        nargs="*",
    )
    command.option("--json", _JSON)

    command = parser.command(
        "people",
        tr(
            "방마다 누가 얼마나 말했는지 보여 주고, 같은 사람의 이름들을 합칩니다.\n"
            "합친 것은 data/raw/people.json 에 적히고 언제든 되돌릴 수 있습니다. "
            "원본은 바뀌지 않습니다."
        ),
    )
    command.option("--json", _JSON)
    command.option(
        "--same",
        tr("첫 이름의 다른 이름들입니다. 모두 첫 이름으로 합칩니다."),
        metavar=tr("이름"),
        many=True,
    )
    command.option("--undo", tr("합친 이름 하나를 다시 나눕니다."), metavar=tr("이름"))
    command.option(
        "--room",
        tr("--same, --undo 가 뜻하는 방. 한 방에만 있는 이름이면 없어도 됩니다."),
        metavar=tr("방"),
    )
    command.option(
        "--exclude", tr("이 사람들의 말은 배우지 않습니다 (봇 등)."), metavar=tr("이름"), many=True
    )
    command.option(
        "--include", tr("--exclude 한 사람들을 다시 배웁니다."), metavar=tr("이름"), many=True
    )

    command = parser.command(
        "archive",
        tr(
            "전처리 결과와 학습 결과를 data/archive 로 옮겨 새로 시작하게 합니다.\n"
            "지우는 것은 없습니다. 가져온 파일(data/raw/inbox)과 저장한 대화(data/chats)는 그대로 "
            "둡니다."
        ),
    )
    command.option("--dry-run", tr("무엇을 어디로 옮길지 보여 주기만 합니다."))
    command.option("--yes", tr("묻지 않고 옮깁니다."))


def _add_training_commands(parser: Parser) -> None:
    command = parser.command(
        "preprocess",
        tr("가져온 대화를 학습할 대화로 만들어 data/sft 에 저장합니다."),
        make_epilog=lambda: _settings_epilog("project", "data"),
    )
    command.option("--report", tr("새로 만들지 않고, 마지막에 만든 것을 다시 보여 줍니다."))
    command.option("--json", _JSON)

    command = parser.command(
        "train",
        tr(
            "학습을 시작하고 지켜봅니다. 멈춘 학습은 이어서 하고, 도는 학습에는 다시 붙습니다.\n"
            "Ctrl+C 한 번: 저장하고 멈춥니다. 두 번: 저장은 혼자 마치게 두고 바로 나옵니다."
        ),
        make_epilog=lambda: _settings_epilog("project", "model", "lora", "training"),
    )
    command.option("--new", tr("이어서 하지 않고 새 이름(main-2 …)으로 처음부터 합니다."))
    command.option("--dry-run", tr("시작하지 않고 메모리와 시간이 얼마나 들지 어림하기만 합니다."))

    command = parser.command("stop", tr("학습을 멈추게 합니다. 지금까지 배운 것은 저장됩니다."))
    _add_run_option(command)
    command.option("--wait", tr("저장하고 끝날 때까지 기다립니다."))

    command = parser.command("status", tr("학습이 어디까지 왔는지 보여 줍니다."))
    _add_run_option(command)
    command.option("--samples", tr("배우는 동안 같은 말에 어떻게 대답했는지도 보여 줍니다."))
    command.option("--json", _JSON)
    command.option(
        "--watch", tr("학습이 끝날 때까지 지켜봅니다. Ctrl+C 로 나와도 학습은 계속됩니다.")
    )

    command = parser.command("runs", tr("지금까지의 학습을 배운 데이터마다 묶어 모두 보여 줍니다."))
    command.option("--settings", tr("학습마다 기본값이나 앞 학습과 다른 설정도 보여 줍니다."))
    command.option("--json", _JSON)


def _add_chat_commands(parser: Parser) -> None:
    command = parser.command(
        "reply", tr("한마디에 대답합니다. 대답만 출력합니다."), make_epilog=_chat_epilog
    )
    command.argument("text", tr("말"), tr("건넬 말. - 이면 표준 입력에서 읽습니다."))
    _add_run_option(command)
    command.option(
        "--speaker", tr("방 전체를 배웠을 때 누가 대답할지. 없으면 아무나"), metavar=tr("이름")
    )
    command.option("--me", _ME, metavar=tr("이름"))

    command = parser.command(
        "chat",
        tr(
            "터미널에서 대화합니다. /도움말 로 명령을 봅니다.\n"
            "대화는 data/chats 에 저장되고, 창에서도 이어서 할 수 있습니다."
        ),
        make_epilog=_chat_epilog,
    )
    command.option("--continue", tr("마지막 대화를 이어서 합니다."))
    command.option("--list", tr("저장한 대화를 보여 주고, 고른 것을 이어서 합니다."))
    command.option(
        "--find", tr("이 말이 든 대화만 보여 주고, 고른 것을 이어서 합니다."), metavar=tr("말")
    )
    command.option("--private", tr("이 대화는 저장하지 않습니다."))
    _add_run_option(command)
    command.option(
        "--speaker",
        tr("방 전체를 배웠을 때 누가 함께할지. 없으면 모두"),
        metavar=tr("이름"),
        many=True,
    )
    command.option("--me", _ME, metavar=tr("이름"))

    command = parser.command(
        "smoke",
        tr("smoke.prompts 에 적힌 말마다 대답을 하나씩 받아 봅니다."),
        make_epilog=_chat_epilog,
    )
    _add_run_option(command)
    command.option("--json", _JSON)


def _add_review_commands(parser: Parser) -> None:
    command = parser.command(
        "quiz",
        tr("진짜는 누구? 실제로 한 말과 AI가 지어낸 말 가운데 진짜를 고르게 합니다."),
        make_epilog=lambda: _PASSWORD_HELP,
    )
    _add_run_option(command)
    command.option("--turns", tr("몇 번을 주고받는지: 1 이나 3 (기본: 1)"), metavar=tr("수"))
    command.option("--count", tr("몇 문제를 낼지 (기본: 10)"), metavar=tr("수"))

    command = parser.command(
        "feedback",
        tr("대화에서 고친 말을 보여 주거나 지웁니다."),
        make_epilog=lambda: _PASSWORD_HELP,
    )
    command.option("--run", tr("이 학습이 흉내 내는 사람의 것만"), metavar=tr("이름"))
    command.option("--delete", tr("이 번호의 것을 아주 지웁니다."), metavar=tr("번호"), many=True)
    command.option("--json", _JSON)

    command = parser.command(
        "refine",
        tr(
            "고친 말로 다시 배웁니다. 멈춘 것은 이어서 합니다.\n"
            "고친 말을 따르고 다른 말은 그대로일 때만 대화가 새 어댑터를 씁니다."
        ),
        make_epilog=lambda: _PASSWORD_HELP,
    )
    command.option(
        "--run", tr("어느 학습의 어댑터에서 시작할지. 없으면 대화에 쓰는 것"), metavar=tr("이름")
    )
    command.option("--dry-run", tr("시작하지 않고 무엇을 배울지 보여 주기만 합니다."))

    command = parser.command(
        "audit",
        tr(
            "어댑터가 방의 말을 외웠는지, 개인정보를 말하는지 점검합니다.\n"
            "배운 줄의 앞부분을 주고 뒤를 잇게 하고, 개인정보를 물어보고, 심어 둔 비밀"
            "(data.canaries)을\n아는지 봅니다. 모두 바탕 모델과 견주어 학습 폴더에 적습니다."
        ),
        make_epilog=lambda: _PASSWORD_HELP,
    )
    _add_run_option(command)
    command.option(
        "--lines", tr("외웠는지 더 볼 줄을 한 줄에 하나씩 적은 파일"), metavar=tr("파일")
    )
    command.option("--report", tr("새로 점검하지 않고, 마지막 점검을 다시 보여 줍니다."))
    command.option("--json", _JSON)


def _add_publishing_command(parser: Parser) -> None:
    command = parser.command(
        "export",
        tr(
            "배운 모델을 다른 프로그램이 쓰는 폴더로 내보냅니다. 자세한 것은 docs/export.md\n"
            "gguf: llama.cpp 와 LM Studio, ollama: Ollama, merged: 합친 모델, vllm: vLLM"
        ),
        make_epilog=lambda: _PASSWORD_HELP,
    )
    command.argument("kind", tr("종류"), tr("gguf, ollama, merged, vllm 가운데 하나"))
    _add_run_option(command)
    command.option(
        "--quant",
        tr("GGUF 의 정밀도: q8_0, f16, q4_0. 작을수록 빠르고 덜 정확합니다 (기본: q8_0)."),
        metavar=tr("정밀도"),
    )
    command.option(
        "--to",
        tr("내보낼 폴더. 없으면 data/published 에 만듭니다."),
        metavar=tr("폴더"),
    )
    command.option("--dry-run", tr("내보내지 않고 어디에 얼마나 드는지 보여 주기만 합니다."))


def _add_api_commands(parser: Parser) -> None:
    command = parser.command(
        "serve",
        tr(
            "다른 프로그램에 대답합니다. OpenAI 와 같은 방식의 API 이고, 키가 있어야 씁니다. "
            "자세한 것은 docs/serving.md"
        ),
        make_epilog=lambda: f"{_PASSWORD_HELP}\n{_settings_epilog('serve', 'generation')}",
    )
    command.option(
        "--port", tr("설정과 다른 포트. 0이면 비어 있는 것을 고릅니다."), metavar=tr("번호")
    )

    command = parser.command(
        "keys",
        tr(
            "다른 프로그램이 대답을 청하는 데 쓸 키를 보고, 만들고, 없앱니다. 자세한 것은 "
            "docs/serving.md"
        ),
        make_epilog=lambda: _PASSWORD_HELP,
    )
    command.option("--make", tr("이 이름으로 키를 만들어 한 번만 보여 줍니다."), metavar=tr("이름"))
    command.option("--for", tr("키를 쓰는 곳: api, kakao (기본: api)"), metavar=tr("쓰는곳"))
    command.option(
        "--revoke", tr("이 번호의 키를 없앱니다. 바로 쓸 수 없게 됩니다."), metavar=tr("번호")
    )
    command.option("--json", _JSON)


def _add_storage_commands(parser: Parser) -> None:
    command = parser.command(
        "where",
        tr(
            "내 대화가 어디에 얼마나 있는지 보여 줍니다.\n"
            "창을 마지막으로 연 뒤 밖으로 나간 요청과, 동의를 확인했는지도 함께 보여 줍니다."
        ),
    )
    command.option("--json", _JSON)

    command = parser.command(
        "erase",
        tr(
            "where 가 보여 준 것을 영원히 지웁니다. 되돌릴 수 없습니다.\n"
            "무엇이 얼마나 지워지는지 보여 주고 한 번 묻습니다. 설정과 비밀번호는 지우지 않습니다."
        ),
        make_epilog=lambda: _PASSWORD_HELP,
    )
    command.argument("names", tr("이름"), tr("where 가 보여 준 이름"), nargs="*")
    command.option("--all", tr("누군가의 말이 들었거나 그것으로 만든 것을 모두 지웁니다."))
    command.option("--yes", tr("묻지 않고 지웁니다."))


def _add_run_option(command: Parser) -> None:
    command.option(
        "--run", tr("어느 학습인지. 없으면 도는 것, 그다음 가장 새것"), metavar=tr("이름")
    )


def _chat_epilog() -> str:
    return f"{_PASSWORD_HELP}\n{_settings_epilog('generation', 'smoke')}"


def _settings_epilog(*groups: str) -> str:
    """The settings a command uses. None is an option, so that a run records all of them."""
    from kakaobot.setting_fields import setting_fields  # slow, and only --help needs it

    fields = [field for field in setting_fields() if field.group in groups]
    table = format_columns([(field.path, field.description) for field in fields], indent="  ")
    return tr("이 명령을 정하는 설정 (configs/sft.yaml 에서 바꿉니다):\n{table}").format(
        table=table
    )
