"""Korean texts of refused and failed requests, also where gradio has its own in English."""

from __future__ import annotations

from kakaobot.language import tr

UNEXPECTED_ERROR = tr(
    "예상하지 못한 문제로 하지 못했습니다. 다시 해 보고, 그래도 안 되면 프로그램을 다시 "
    "시작해 주세요. 자세한 기록은 프로그램을 실행한 창에 있습니다."
)
CODE_USED = tr(
    "이미 썼거나 오래된 주소입니다. launch.py 를 다시 실행하면 새 주소로 창이 바로 열립니다."
)
STALE_PAGE = tr(
    "보낸 내용이 지금 화면과 맞지 않아 하지 않았습니다. 창을 새로고침한 뒤 다시 해 주세요."
)
BUSY = tr("지금은 하는 일이 너무 많습니다. 잠시 뒤 다시 해 주세요.")
DISCONNECTED = tr(
    "프로그램과 연결이 끊겼습니다. 프로그램이 켜져 있는지 확인하고 창을 새로고침해 주세요."
)
REQUEST_TOO_LARGE = tr("보낸 내용이 너무 깁니다. 줄여서 다시 보내 주세요.")

WRONG_FILE_TYPE = tr("대화 파일은 .txt, .csv, .zip, .eml 만 넣을 수 있습니다.")
UPLOAD_TOO_MANY = tr("파일은 한 번에 {count}개까지 올릴 수 있습니다. 나누어 올려 주세요.")
UPLOAD_TOO_LARGE = tr(
    "파일은 한 번에 모두 {size}까지 올릴 수 있습니다. "
    "나누어 올리거나, 사진 없이 '텍스트만' 내보내 주세요."
)
UPLOADS_WAITING = tr(
    "먼저 올린 파일을 아직 가져오고 있어 더 올릴 자리가 없습니다. 잠시 뒤 다시 올려 주세요."
)
UPLOAD_DISK_FULL = tr(
    "디스크에 빈 공간이 모자라 파일을 올리지 않았습니다. "
    "빈 공간을 {size} 넘게 남겨 두고 다시 올려 주세요."
)
UPLOAD_STALLED = tr("파일이 오다가 멈췄습니다. 다시 올려 주세요.")
UPLOAD_BROKEN = tr("파일을 제대로 받지 못했습니다. 다시 올려 주세요.")
