// Puts our words where gradio has its own in English only (ui/gradio_text.py). Looks at what is new on
// the page alone, so that neither a token of a reply nor a poll makes it read the page.
((words, patterns, toasts) => {
  const compiled = (pairs) => pairs.map(([pattern, ours]) => [new RegExp(pattern, "s"), ours]);
  const [whole, sentences] = [compiled(patterns), compiled(toasts)];
  const names = ["aria-label", "title", "placeholder"];
  const named = names.map((name) => `[${name}]`).join();
  const spoken = ".toast-title, .sr-only, .uploading";
  const toastTexts = "[data-testid=toast-text]";

  const replaced = (theirs, pairs) => {
    const found = pairs.find(([pattern]) => pattern.test(theirs));
    return found ? theirs.replace(found[0], found[1]) : theirs;
  };
  const ours = (theirs) =>
    Object.hasOwn(words, theirs.trim()) ? words[theirs.trim()] : replaced(theirs, whole);
  const rename = (element) => {
    // Cards are ours, and hold names of people.
    if (element.closest(".html-container")) return;
    for (const name of names) {
      const theirs = element.getAttribute(name);
      if (theirs && ours(theirs) !== theirs) element.setAttribute(name, ours(theirs));
    }
  };
  const reword = (element) => {
    // Gradio keeps the node of a text, and may write into it again.
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE && ours(node.data) !== node.data) node.data = ours(node.data);
    }
  };
  const translate = (toast) => {
    const shown = toast.textContent.trim();
    if (!sentences.some(([pattern]) => pattern.test(shown))) return;
    const sentence = replaced(shown, sentences);
    // While the program does not answer, every poll of the page fails.
    const others = [...document.querySelectorAll("[data-translated]")];
    if (others.some((other) => other.textContent === sentence)) toast.parentElement.hidden = true;
    toast.textContent = sentence;
    toast.dataset.translated = "";
  };
  const each = (root, selector, change) => {
    if (root.matches(selector)) change(root);
    root.querySelectorAll(selector).forEach(change);
  };
  const visit = (root) => {
    if (root.nodeType !== Node.ELEMENT_NODE) {
      // The text of a toast comes after its element.
      const toast = root.parentElement?.closest(toastTexts);
      if (toast) translate(toast);
      return;
    }
    each(root, named, rename);
    each(root, spoken, reword);
    each(root, toastTexts, translate);
    each(root, ".toast-header", (header) => {
      // A button within a button; what it folds is one sentence.
      for (const name of ["role", "tabindex"]) header.removeAttribute(name);
    });
    each(root, `.toast-body, ${toastTexts}`, () => dispatchEvent(new Event("kakaobot-toast")));
  };
  // Runs before the browser paints, so that the English is never seen.
  new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "attributes") rename(record.target);
      else record.addedNodes.forEach(visit);
    }
  }).observe(document, { childList: true, subtree: true, attributeFilter: ["aria-label", "title"] });
})
