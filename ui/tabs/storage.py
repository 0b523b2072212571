"""The section "내 대화는 어디에" of the settings tab: places, sizes, erasing, what went out.

After something was erased, every page loads anew, so that none of them holds what is
gone. The page on which it was asked for returns to this section.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from kakaobot.app.auth import AccessPass
from kakaobot.errors import KakaobotError
from kakaobot.outgoing import requests
from ui.event_data import sent_text
from ui.events import Trigger, Updates, on
from ui.password_bar import PageAccess
from ui.pulse import beat
from ui.render.storage import (
    ALL,
    NOTHING_ASKED,
    Asked,
    consent_card,
    outgoing_card,
    storage_card,
    storage_link,
)
from ui.services import ConsentProtocol
from ui.storage_services import OwnData

_RETURN_KEY = "kb-where"
_SCRIPT = f"""element.addEventListener("click", (event) => {{
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const {{ do: act, stored, place, done }} = button.dataset;
  if (act === "copy") {{
    const note = () => {{ button.textContent = done; }};
    const select = () => {{
      const code = button.parentElement.querySelector("code");
      getSelection().selectAllChildren(code);
    }};
    // Without https, another device may not write to the clipboard.
    if (navigator.clipboard) navigator.clipboard.writeText(place).then(note, select);
    else select();
  }} else if (act === "erase") {{
    sessionStorage.setItem("{_RETURN_KEY}", "1");
    trigger("click", {{ stored }});
  }} else {{
    trigger("select", {{ stored: act === "ask" ? stored : "" }});
  }}
}});
watch("value", () => {{
  const question = element.querySelector(".kb-erase-question");
  if (!question) return;
  question.scrollIntoView({{ behavior: "smooth", block: "nearest" }});
  question.querySelector("[data-do=cancel]").focus({{ preventScroll: true }});
}});"""
# The first value is that of a page that has just been loaded.
_RELOAD_SCRIPT = f"""(count) => {{
  if (window.kbErased === undefined) {{
    window.kbErased = count;
    if (!sessionStorage.getItem("{_RETURN_KEY}")) return;
    sessionStorage.removeItem("{_RETURN_KEY}");
    document.getElementById("tab-settings-button")?.click();
    // The page opens where work has stopped, and the form above the section grows while it is
    // filled in.
    let left = 40;
    const timer = setInterval(() => {{
      const details = document.getElementById("start-details");
      const tab = document.getElementById("tab-settings-button");
      const section = document.querySelector("#where .kb-where");
      if (details && details.offsetParent) details.click();
      else if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
      else if (section && section.offsetParent) {{
        section.scrollIntoView();
        if (!--left) stop();
      }}
    }}, 250);
    const stop = () => {{ clearInterval(timer); }};
    for (const moved of ["wheel", "touchmove", "keydown", "pointerdown"])
      addEventListener(moved, stop, {{ once: true }});
  }} else if (window.kbErased !== count) {{
    location.reload();
  }}
}}"""


class ErasureSignal:
    """Tells every page that something was erased which a tab shows."""

    def __init__(self, own_data: OwnData, load: Trigger, erased: Trigger) -> None:
        """Lay out its component; `load` and `erased` are events of a page."""
        handlers = ErasureHandlers(own_data)
        # A change inside a hidden tab would not be noticed.
        self.component = gr.Textbox("", visible="hidden", elem_id="erased-signal")
        seen = self.component
        on(load, handlers.state, None, seen, concurrency_limit=None)
        on(erased, handlers.follow, seen, seen, concurrency_limit=None)
        seen.change(None, seen, None, js=_RELOAD_SCRIPT, api_visibility="private")


def build(
    handlers: StorageHandlers,
    erasures: ErasureSignal,
    page: PageAccess,
    load_events: Sequence[Trigger],
) -> None:
    """Lay out the section and wire it; `load_events` refresh it."""
    # What the page is asked, which a later refresh must not take back.
    asked = gr.State("")
    with gr.Column(elem_id="where"):
        section = gr.HTML(js_on_load=_SCRIPT, elem_id="where-things")
        sent = beat("outgoing")
        with gr.Row(equal_height=False, elem_id="where-facts"):
            outgoing = gr.HTML(elem_id="where-outgoing")
            consent = gr.HTML(elem_id="where-consent")
    # One after the other: what was asked for earlier must not replace a question.
    in_order: dict[str, Any] = {"concurrency_id": "where", "concurrency_limit": 1}
    for event in load_events:
        on(event, handlers.show, [page.access, asked], [section, outgoing, consent], **in_order)
    on(section.select, handlers.ask, page.access, [section, asked], **in_order)
    erased = [section, erasures.component, asked]
    on(section.click, handlers.erase, page.access, erased, **in_order)
    on(sent, handlers.count_outgoing, outgoing, outgoing)


def build_link() -> None:
    gr.HTML(storage_link())


class ErasureHandlers:
    """Handlers of the signal."""

    def __init__(self, own_data: OwnData) -> None:
        self._erasing = own_data.erasing

    def state(self) -> str:
        """Differs after an erasure; never empty, so that the first value is a change."""
        return f"erased {self._erasing.count}"

    def follow(self, seen: str | None) -> object:
        return gr.skip() if seen == self.state() else self.state()


class StorageHandlers:
    """Handlers of the section."""

    def __init__(self, own_data: OwnData, consent: ConsentProtocol) -> None:
        self._storage, self._erasing = own_data.storage, own_data.erasing
        self._consent = consent
        self._signal = ErasureHandlers(own_data)

    def show(self, access: AccessPass | None, asked: str) -> Updates:
        """Places, sizes and counts, which are nobody's words, and what was asked before."""
        consent = consent_card(self._consent.given(), self._consent.text())
        return self._card(self._asked(access, asked)), outgoing_card(requests()), consent

    def count_outgoing(self, shown: str | None) -> object:
        card = outgoing_card(requests())
        return gr.skip() if card == shown else card

    def ask(self, access: AccessPass | None, event: gr.EventData) -> Updates:
        """Ask before the thing is erased whose button was pressed; an empty name takes it back."""
        name = sent_text(event, "stored")
        return self._card(self._asked(access, name)), name

    def erase(self, access: AccessPass | None, event: gr.EventData) -> Updates:
        name = sent_text(event, "stored")
        try:
            self._erasing.erase(access, _names(name))
        except KakaobotError as error:
            return self._card(Asked(name, str(error), is_problem=True)), gr.skip(), name
        return self._card(), self._signal.state(), ""

    def _asked(self, access: AccessPass | None, name: str) -> Asked:
        """The question about a thing, or why it cannot be asked; nothing for an empty name."""
        if not name:
            return NOTHING_ASKED
        try:
            return Asked(name, self._erasing.question(access, _names(name)))
        except KakaobotError as error:
            return Asked(name, str(error), is_problem=True)

    def _card(self, asked: Asked = NOTHING_ASKED) -> str:
        last = self._erasing.last
        return storage_card(
            self._storage.things(),
            self._storage.home_folder(),
            asked,
            last.sentence if last else "",
        )


def _names(name: str) -> Sequence[str]:
    """What a button means, as `Erasing` takes it: nothing for all."""
    return () if name == ALL else (name,)
