"""What every page of the window is: free of the faults that axe knows, whole, in our language."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.driver import SHOTS

SIZES: dict[str, ViewportSize] = {
    "1366": {"width": 1366, "height": 768},
    "390": {"width": 390, "height": 844},
}
LOOKS = tuple((size, theme) for size in SIZES for theme in ("light", "dark"))
LONG_PAGE = 3000
"""Height in pixels beyond which a page has a table of contents."""
_AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
_CONTENTS = "nav.kb-contents, nav.kb-setting-contents"
_RUN_AXE = """
async (rules) => {
  const options = { resultTypes: ["violations"] };
  if (rules.length) options.runOnly = { type: "rule", values: rules };
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html }) =>
    `${id}: ${target.join(" ")} ${html.slice(0, 160)}`));
}
"""
# Names, paths, keys of settings and the name of the other language are no English of gradio.
_FIND_ENGLISH = """
() => {
  const found = [];
  const ours = ".html-container, [id^=language], [id^=set-], #publish-kind";
  const note = (element, what, words) => {
    if (!/[A-Za-z]{2}/.test(words) || /[가-힣]/.test(words)) return;
    if (!element.checkVisibility() || element.closest(ours)) return;
    found.push(`${what} ${words.trim().slice(0, 60)} #${element.closest("[id]")?.id}`);
  };
  for (const element of document.body.querySelectorAll(":not(script, style, option)")) {
    for (const name of ["title", "aria-label", "placeholder", "alt", "aria-valuetext"])
      note(element, name, element.getAttribute(name) ?? "");
    for (const node of element.childNodes)
      if (node.nodeType === Node.TEXT_NODE) note(element, "text", node.data);
  }
  return [...new Set(found)];
}
"""
# A line of text holds more than two letters; what is cut off ends in an ellipsis.
_FIND_CRAMPED = """
() => {
  const found = [];
  const name = (element) =>
    `#${element.closest("[id]")?.id} ${element.textContent.trim().slice(0, 30)}`;
  if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the screen");
  const unseen = ".kb-hidden, .kb-page-title, .sr-only, thead";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (texts.nextNode()) {
    const { data, parentElement: element } = texts.currentNode;
    const { length } = data.trim();
    if (length < 4 || !element.checkVisibility() || element.closest(unseen)) continue;
    range.selectNodeContents(texts.currentNode);
    const rects = [...range.getClientRects()].filter(({ width }) => width > 1);
    const lines = new Set(rects.map(({ top }) => Math.round(top / 4))).size;
    if (lines > 2 && length / lines < 2.6) found.push(`one letter per line: ${name(element)}`);
  }
  const pen = document.createElement("canvas").getContext("2d");
  for (const box of document.querySelectorAll("input[placeholder], textarea[placeholder]")) {
    if (!box.checkVisibility() || !box.clientWidth) continue;
    const style = getComputedStyle(box);
    const [left, right, top, bottom] = ["Left", "Right", "Top", "Bottom"]
      .map((side) => parseFloat(style[`padding${side}`]));
    pen.font = style.font;
    const width = pen.measureText(box.placeholder).width;
    const lines = Math.floor((box.clientHeight - top - bottom + 4) / parseFloat(style.lineHeight));
    const rows = box.tagName === "TEXTAREA" ? Math.max(1, lines || 1) : 1;
    if (width > (box.clientWidth - left - right) * rows)
      found.push(`hint is cut off: #${box.closest("[id]")?.id} ${box.placeholder}`);
  }
  const scrolling = ".kb-scroll, .kb-lost, .kb-pictures .kb-card";
  for (const element of document.querySelectorAll("button, h2, h3, h4, label")) {
    if (!element.checkVisibility() || element.closest(unseen)) continue;
    const { overflowX, textOverflow } = getComputedStyle(element);
    const isCut = element.scrollWidth > element.clientWidth + 2 && overflowX !== "visible";
    if (isCut && textOverflow !== "ellipsis") found.push(`clipped: ${name(element)}`);
    const { left, right, width } = element.getBoundingClientRect();
    range.selectNodeContents(element);
    const words = range.getBoundingClientRect();
    const isPlain = element.matches("button:is(.lg, .md, .sm)");
    if (isPlain && (words.left < left - 1 || words.right > right + 1))
      found.push(`wider than its button: ${name(element)}`);
    const isBeside = left < -1 || right > innerWidth + 1;
    if (width && isBeside && !element.closest(scrolling))
      found.push(`beside the screen: ${name(element)}`);
  }
  return [...new Set(found)];
}
"""
_FIND_COVERED = """
() => {
  const toast = document.querySelector(".toast-body").getBoundingClientRect();
  const isCovered = ({ left, right, top, bottom }) =>
    Math.min(right, toast.right) > Math.max(left, toast.left) &&
    Math.min(bottom, toast.bottom) > Math.max(top, toast.top);
  return [...document.querySelectorAll("button.primary, button.stop, #chat-message")]
    .filter((button) => button.checkVisibility() && isCovered(button.getBoundingClientRect()))
    .map((button) => button.textContent.trim());
}
"""


_STAND_STILL = """() => {
  if (document.getElementById("kb-still")) return;
  const style = document.createElement("style");
  style.id = "kb-still";
  style.textContent = "* { transition: none !important; animation: none !important; }";
  document.head.append(style);
}"""
_NOTHING_IS_FADED = """() => ![...document.querySelectorAll(".wrap.full:not(.hide)")]
  .some((cover) => cover.checkVisibility())"""
"""What is read again is faded until it has come."""


def inspect(page: Page, name: str, looks: Sequence[tuple[str, str]] = LOOKS) -> list[str]:
    """Faults of a page in these sizes and themes, and a picture of each."""
    page.evaluate(_STAND_STILL)
    page.wait_for_function(_NOTHING_IS_FADED)
    faults: list[str] = []
    size = ""
    for next_size, theme in looks:
        # Gradio has no switch; it looks at the browser when the page loads.
        page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", theme == "dark")
        page.set_viewport_size(SIZES[next_size])
        # The other theme has other colors only.
        is_new, size = next_size != size, next_size
        page.wait_for_timeout(350 if is_new else 50)
        found = _find(page, whole=is_new)
        if found:
            # Something may still have been on its way.
            page.wait_for_timeout(1000)
            page.wait_for_function(_NOTHING_IS_FADED)
            found = _find(page, whole=is_new)
        faults += [f"{name} {size} {theme}: {fault}" for fault in found]
        take_picture(page, f"{name}-{size}-{theme}")
    page.evaluate("document.body.classList.remove('dark')")
    page.set_viewport_size(SIZES["1366"])
    return faults


def _find(page: Page, *, whole: bool) -> list[str]:
    """The faults of one look; of a theme that differs in its colors, those of contrast."""
    return _faults(page) if whole else _run_axe(page, "color-contrast")


def _faults(page: Page) -> list[str]:
    found = [*_run_axe(page), *page.evaluate(_FIND_ENGLISH), *page.evaluate(_FIND_CRAMPED)]
    height = page.evaluate("document.documentElement.scrollHeight")
    if height > LONG_PAGE and not page.locator(_CONTENTS).locator("visible=true").count():
        found.append(f"{height} px without a table of contents")
    return found


def covered(page: Page) -> list[str]:
    """Main buttons below the toast that is shown, at the top and at the bottom of the page."""
    expect(page.locator(".toast-body")).to_be_visible()
    found = []
    for top in ("0", "document.body.scrollHeight"):
        page.evaluate(f"window.scrollTo(0, {top})")
        page.wait_for_timeout(250)
        found += page.evaluate(_FIND_COVERED)
    return found


def take_picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, where pictures are wanted."""
    if SHOTS:
        folder = Path(SHOTS) / "every"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def unfold(page: Page) -> None:
    """Open everything that is folded in the shown tab."""
    folded = "#details .tabitem button.label-wrap:not(.open)"
    for _ in range(30):
        buttons = page.locator(folded).locator("visible=true")
        if not buttons.count():
            break
        buttons.first.click()
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")


def _run_axe(page: Page, *rules: str) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"{_AXE};0")
    found: Any = page.evaluate(_RUN_AXE, list(rules))
    return [str(fault) for fault in found]
