"""`python -m kakaobot`."""

from kakaobot.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
