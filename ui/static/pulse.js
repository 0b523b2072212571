// Asks every two seconds what has changed, and presses the hidden button of each concern that has
// (ui/pulse.py). Listens to ui/static/off.js, so that only a program that has proven to be ours is asked.
{
  const every = 2;
  // A hidden page has nobody to show it to, but for the title and the notification of a training.
  const everyHidden = 10;
  const known = {};
  let beats = 0;
  let isAsking = false;
  const shown = () => [...document.querySelectorAll(".kb-pulse")].filter((button) => {
    const tab = button.closest(".tabitem");
    return !tab || tab.checkVisibility();
  });
  const ask = async () => {
    const buttons = Object.fromEntries(shown().map((button) => [button.id.replace("pulse-", ""), button]));
    if (!Object.keys(buttons).length) return;
    const query = new URLSearchParams({ of: Object.keys(buttons).join() });
    const response = await fetch(`/pulse?${query}`, { cache: "no-store" });
    if (!response.ok) return;
    for (const [concern, version] of Object.entries(await response.json())) {
      if (known[concern] === version) continue;
      known[concern] = version;
      buttons[concern]?.click();
    }
  };
  const beat = async () => {
    if (isAsking) return;
    isAsking = true;
    beats = 0;
    await ask().catch(() => null);
    isAsking = false;
  };
  addEventListener("kakaobot-live", () => {
    beats += 1;
    const isIdle = document.hidden && !document.querySelector("#status .kb-live");
    if (beats >= (isIdle ? everyHidden : every)) beat();
  });
  document.addEventListener("visibilitychange", () => document.hidden || (beats = every));
}
