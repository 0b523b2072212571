// Keeps toasts off the buttons: they go where they cover least, and follow when the page is scrolled.
(() => {
  const main = "button.primary, button.stop, #chat-message";
  const others = "button, input, textarea, [role=tab], a";
  const area = (one, other) => {
    const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    return width > 0 && height > 0 ? width * height : 0;
  };
  const shown = (selector, wrap) => [...document.querySelectorAll(selector)]
    .filter((element) => !wrap.contains(element) && element.checkVisibility())
    .map((element) => element.getBoundingClientRect())
    .filter(({ bottom, top, width }) => width && bottom > 0 && top < innerHeight);
  const place = () => {
    const wrap = document.querySelector(".toast-wrap");
    if (!wrap?.querySelector(".toast-body")) return;
    const { width, height } = wrap.getBoundingClientRect();
    const [margin, step] = [12, 24];
    const [bottom, right] = [Math.max(margin, innerHeight - height - margin), Math.max(0, innerWidth - width - margin)];
    const [mains, all] = [shown(main, wrap), shown(others, wrap)];
    const cost = (left, top) => {
      const box = { left, top, right: left + width, bottom: top + height };
      const sum = (rects) => rects.reduce((total, rect) => total + area(box, rect), 0);
      return 1000 * sum(mains) + sum(all);
    };
    let best = { cost: Infinity };
    for (let top = bottom; top >= margin; top -= step) {
      for (const left of [right, margin, Math.max(0, (innerWidth - width) / 2)]) {
        const now = cost(left, top);
        if (now < best.cost) best = { cost: now, left, top };
      }
    }
    if (best.cost === Infinity) return;
    for (const name of ["right", "bottom"]) wrap.style.setProperty(name, "auto", "important");
    wrap.style.setProperty("left", `${best.left}px`, "important");
    wrap.style.setProperty("top", `${best.top}px`, "important");
  };
  addEventListener("scroll", place, { passive: true, capture: true });
  addEventListener("resize", place);
  // Which may have shown another tab.
  addEventListener("click", () => setTimeout(place, 150));
  addEventListener("kakaobot-toast", () => requestAnimationFrame(place));
})();
