"""`python -m kakaobot serve` as a program of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from kakaobot.app.api_keys import ApiKeys
from kakaobot.config import ROOT, Home
from tests.conftest import write_password
from tests.lasting_gate import lasting_gate
from tests.patience import patience
from tests.prepared_home import is_sentence, run_command
from tests.serve.served import PASSWORD, prepare, serving

pytestmark = pytest.mark.slow
WORDS = "비밀 인사 칠삼이일"


@contextmanager
def program(home: Home) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running program, and where it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kakaobot", "serve", "--port", "0"],
        cwd=ROOT,
        env={
            **os.environ,
            "KAKAOBOT_HOME": str(home.root),
            "CHATBOT_ACCESS_PASSWORD": PASSWORD,
            "PYTHONUTF8": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def test_it_answers_until_ctrl_c_and_logs_no_secret(tmp_path: Path) -> None:
    home = prepare(tmp_path, slow=False)
    write_password(home, PASSWORD)
    gate = lasting_gate(PASSWORD)
    secret = ApiKeys(home, gate).make(gate.authenticate(PASSWORD), "검사")
    with program(home) as (process, address):
        client = OpenAI(api_key=secret, base_url=address, max_retries=0, timeout=patience())
        reply = client.chat.completions.create(
            model="main", messages=[{"role": "user", "content": WORDS}]
        )
        assert reply.choices[0].message.content is not None
        wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
        headers = {"authorization": f"Bearer {wrong}"}
        refused = httpx.post(
            f"{address}/chat/completions", headers=headers, content=b"{", trust_env=False
        )
        assert refused.status_code == 401
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=patience())
    assert process.returncode == 0, err
    assert "Traceback" not in err
    for told in (out, err):
        assert secret[12:] not in told
        assert WORDS not in told
    for file in home.root.rglob("*"):
        if file.is_file():
            raw = file.read_bytes()
            assert secret.encode() not in raw, file
            assert WORDS.encode() not in raw, file


def test_without_a_password_nothing_is_served(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.settings()
    code, said = run_command(home, ["serve", "--port", "0"])
    assert code == 1
    assert "비밀번호가 설정되지 않아" in said


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    home = prepare(tmp_path, slow=False)
    write_password(home, PASSWORD)
    with serving(home) as served:
        port = served.base_url.rpartition(":")[2].removesuffix("/v1")
        code, said = run_command(home, ["serve", "--port", port])
    assert code == 1
    assert is_sentence(said) or "다른 프로그램이 쓰고 있습니다" in said
    assert run_command(home, ["serve", "--port", "팔천"])[0] == 2
