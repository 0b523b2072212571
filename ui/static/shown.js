// Tells the events of a late tab (ui/late_tabs.py) when it is shown, and when the page locks or unlocks.
// A hidden tab has no size.
{
  let wasShown = false;
  new ResizeObserver(([entry]) => {
    const isShown = entry.contentRect.width > 0;
    if (isShown && !wasShown) trigger("select");
    wasShown = isShown;
  }).observe(element);
  new MutationObserver(() => {
    if (document.body.dataset.lock === "locked") trigger("stop");
    trigger("change");
  }).observe(document.body, { attributeFilter: ["data-lock"] });
  trigger("change");
}
