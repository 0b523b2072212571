"""What the disk says about the folder of the exports, as a sentence."""

from __future__ import annotations

from pathlib import Path

from kakaobot.atomic_io import disk_is_full
from kakaobot.errors import ExportError
from kakaobot.exports.paths import replace_surrogates
from kakaobot.language import tr


def folder_error(path: Path, error: OSError) -> ExportError:
    """The error to raise for one of the system."""
    folder = replace_surrogates(str(path))
    if disk_is_full(error):
        return ExportError(
            tr(
                "자리가 없어 대화 폴더 {folder} 에 적지 못했습니다. 디스크를 비우고 다시 해 주세요."
            ).format(folder=folder)
        )
    return ExportError(
        tr(
            "대화 폴더 {folder} 를 쓸 수 없습니다. 그 이름의 파일이 있지 않은지, 읽고 쓸 "
            "권한이 있는지 확인하고 다시 해 주세요."
        ).format(folder=folder)
    )
