// Fills the table of contents of the shown tab while the page is long: with the headings that it has.
(() => {
  const long = 2400;
  const headings = "h3, .label-wrap";
  // What is within one of these has a heading of its own above it.
  const inner = ".kb-talk, .kb-pictures, .kb-people, .kb-quiz, details:not([open]), #start";
  const title = (heading) => {
    const own = heading.matches("h3") ? heading : heading.querySelector("span");
    return [...own.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();
  };
  const fill = () => {
    for (const contents of document.querySelectorAll("#tabs .kb-contents")) {
      const tab = contents.closest(".tabitem");
      if (!tab.checkVisibility()) continue;
      const found = [...tab.querySelectorAll(headings)].filter((heading) => heading.checkVisibility() && !heading.closest(inner));
      contents.hidden = tab.scrollHeight < long || found.length < 2;
      const titles = contents.hidden ? [] : found.map(title);
      if (contents.dataset.titles === titles.join("\n")) continue;
      contents.dataset.titles = titles.join("\n");
      contents.replaceChildren(...titles.map((words, number) => {
        const link = document.createElement("a");
        link.href = "#";
        link.textContent = words;
        link.addEventListener("click", (event) => {
          event.preventDefault();
          const [heading] = [...tab.querySelectorAll(headings)].filter((other) => title(other) === words && other.checkVisibility());
          heading?.scrollIntoView();
          const target = heading?.matches("h3") ? heading : heading?.closest("button") ?? heading;
          if (target?.matches("h3")) target.tabIndex = -1;
          target?.focus({ preventScroll: true });
        });
        return link;
      }));
    }
  };
  // The height changes when something is folded, loaded or shown, but not at a token or a poll.
  let waiting = 0;
  new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(fill, 200);
  }).observe(document.body);
})();
