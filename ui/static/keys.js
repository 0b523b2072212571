// What gradio's elements lack for those who use the keyboard: arrow keys between tabs, and a focus that
// is not lost after a choice, or with the field of the password.
(() => {
  const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  const moveBetweenTabs = (event) => {
    const tab = event.target.closest("[role=tab]");
    const move = moves[event.key];
    if (!tab || !move || event.ctrlKey || event.altKey || event.metaKey) return;
    const tabs = [...tab.parentElement.querySelectorAll("[role=tab]:not(:disabled)")];
    const [last, at] = [tabs.length - 1, tabs.indexOf(tab)];
    const next = Number.isFinite(move) ? (at + move + tabs.length) % tabs.length : move < 0 ? 0 : last;
    event.preventDefault();
    tabs[next].focus();
    tabs[next].click();
  };

  // Gradio drops the focus of a list shortly after something is chosen, and opens a list that gets it.
  const press = (field, key) => field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const isList = (element) => element.matches?.("input[role=combobox]");
  let chosenAt = -Infinity;
  const keepInList = ({ target, relatedTarget }) => {
    if (!isList(target) || relatedTarget || performance.now() - chosenAt > 500) return;
    chosenAt = -Infinity;
    setTimeout(() => {
      if (document.activeElement !== document.body || !target.isConnected) return;
      target.focus();
      press(target, "Escape");
    });
  };
  // A list that has the focus already does not open by a click.
  const openList = ({ target }) => {
    if (isList(target) && target.getAttribute("aria-expanded") === "false") press(target, "ArrowDown");
  };

  // The focus goes to the first of these that is shown, unless the user takes it elsewhere.
  const focusSoon = (selectors, tries = 60) => {
    if (document.activeElement !== document.body || !tries) return;
    const shown = selectors.map((selector) => document.querySelector(selector)).find((found) => found?.checkVisibility());
    if (shown) shown.focus();
    else setTimeout(() => focusSoon(selectors, tries - 1), 50);
  };
  let wasInGate = false;
  const followLock = () => {
    if (!wasInGate) return;
    const isInChat = document.getElementById("tab-chat")?.checkVisibility();
    const opened = isInChat ? ["#chat-message textarea"] : ["#gate-lock"];
    // The field still has the focus until gradio has taken it away.
    setTimeout(() => focusSoon(document.body.dataset.lock === "open" ? opened : ["#gate-password input"]), 150);
  };

  addEventListener("keydown", (event) => {
    moveBetweenTabs(event);
    if (event.key === "Enter" && isList(event.target)) chosenAt = performance.now();
  });
  addEventListener("mousedown", ({ target }) => {
    if (target.closest("[role=option]")) chosenAt = performance.now();
  }, true);
  addEventListener("focusout", keepInList);
  addEventListener("click", openList);
  addEventListener("focusin", ({ target }) => { wasInGate = Boolean(target.closest(".kb-gate")); });
  new MutationObserver(followLock).observe(document.body, { attributeFilter: ["data-lock"] });
})();
