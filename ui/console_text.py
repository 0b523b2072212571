"""Korean texts that the program of the window prints in its terminal."""

from __future__ import annotations

from kakaobot.language import tr

OPENED = tr(
    "창을 열었습니다. 끝내려면 창의 '끝내기'를 누르거나 여기서 Ctrl+C 를 누르세요. "
    "창이 보이지 않으면 아래 주소를 브라우저에 붙여 넣으세요."
)
OPEN_MANUALLY = tr("아래 주소를 브라우저에서 여세요. 끝내려면 Ctrl+C 를 누르세요.")
BROWSER_FAILED = tr("브라우저를 열지 못했습니다. 아래 주소를 브라우저에 붙여 넣으세요.")
CLOSED = tr("프로그램을 끝냈습니다.")
STILL_TRAINING = tr(
    "학습 '{run}' 은 뒤에서 계속됩니다. 멈추려면 다음 명령을 쓰세요: python launch.py cli stop"
)
OTHER_WINDOW_SILENT = tr(
    "먼저 켠 프로그램이 대답하지 않습니다. 그 프로그램을 끝낸 뒤 다시 실행하세요."
)
PORT_TAKEN = tr("포트 {port} 을(를) 다른 프로그램이 쓰고 있습니다. --port 로 다른 번호를 고르세요.")
NO_PORT = tr("7860부터 비어 있는 포트를 찾지 못했습니다. --port 로 번호를 골라 주세요.")
HOST_UNKNOWN = tr(
    "주소 {host} 에서는 접속을 받을 수 없습니다. --host 에 이 컴퓨터의 주소를 적어 주세요."
)
REMOTE_NEEDS_PASSWORD = tr(
    "--host 로 다른 기기에서 접속하려면 비밀번호가 있어야 합니다. .env 파일에 "
    "CHATBOT_PASSWORD=원하는비밀번호 를 적고 다시 시작하세요."
)
OTHER_DEVICE = tr("휴대폰이나 다른 기기에서는 이 주소를 여세요 (한 번만 쓸 수 있습니다):")
OTHER_ADDRESSES = tr("안 열리면 주소의 숫자를 이것으로 바꾸어 보세요: {addresses}")
NO_NETWORK = tr("다른 기기에서 접속할 수 있는 망을 찾지 못했습니다. Wi-Fi 나 랜선을 확인하세요.")
ENV_NOTICE = tr("주의: {notice}")
