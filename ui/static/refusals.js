// Refuses uploads that the server would refuse (ui/upload_limits.py) before a byte is sent, and shows
// what gradio says in English in Korean. `limits` and `sentences` come from ui/theme.py.
((limits, sentences) => {
  const send = window.fetch.bind(window);
  window.fetch = (input, init) => {
    const body = init && init.body;
    if (!(body instanceof FormData)) return send(input, init);
    const files = [...body.values()].filter((value) => value instanceof File);
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    let refusal = "";
    if (files.length > limits.files) refusal = limits.too_many;
    else if (bytes > limits.total_bytes) refusal = limits.too_large;
    if (refusal) return Promise.resolve(new Response(refusal, { status: 413 }));
    return send(input, init);
  };
  const korean = sentences.map(([pattern, sentence]) => [new RegExp(pattern, "s"), sentence]);
  const translate = () => {
    for (const toast of document.querySelectorAll("[data-testid=toast-text]")) {
      const shown = toast.textContent.trim();
      const found = korean.find(([pattern]) => pattern.test(shown));
      if (!found) continue;
      const sentence = shown.replace(found[0], found[1]);
      // While the program does not answer, every poll of the page fails.
      const others = [...document.querySelectorAll("[data-translated]")];
      if (others.some((other) => other.textContent === sentence)) toast.parentElement.hidden = true;
      toast.textContent = sentence;
      toast.dataset.translated = "";
    }
  };
  // Runs before the browser paints, so that the English is never seen.
  new MutationObserver(translate).observe(document, { childList: true, subtree: true });
})
