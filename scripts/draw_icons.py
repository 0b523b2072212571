"""Draws the icons of the installed window from `ui/static/icon.svg`, with a Chromium on the PATH.

A maskable icon has no corners of its own: the system cuts them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

_STATIC = Path(__file__).resolve().parent.parent / "ui" / "static"
_SIZES = (192, 512)
_STYLE = "<style>body { margin: 0 } svg { display: block }</style>"


def main() -> None:
    svg = (_STATIC / "icon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for size in _SIZES:
            page = browser.new_page(viewport={"width": size, "height": size})
            for name, drawing in (("icon", svg), ("icon-maskable", svg.replace('rx="16" ', ""))):
                page.set_content(f"{_STYLE}{drawing}")
                page.screenshot(path=_STATIC / f"{name}-{size}.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
