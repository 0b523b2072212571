#!/usr/bin/env bash
# python -m kakaobot, inside .venv: scripts/run.sh train, scripts/run.sh --help
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="$(command -v python3 || command -v python || true)"
if [ -z "$python" ]; then
    echo "Python이 없습니다. Python 3.10~3.13을 설치한 뒤 다시 실행하세요." >&2
    exit 127
fi
KAKAOBOT_PROGRAM="$(printf %q "$0")"
export KAKAOBOT_PROGRAM
exec "$python" "$root/launch.py" cli "$@"
