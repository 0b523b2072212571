// Notes that somebody has used the page, which then opens no tab by itself.
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(
    kind,
    () => { document.documentElement.dataset.touched = "yes"; },
    { capture: true, once: true },
  );
}
