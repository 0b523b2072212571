// Asks every two seconds what has changed, and presses the hidden button of each concern that has
// (ui/pulse.py). Hands on what the answer has of a training (ui/live_training.py). Listens to ui/static/off.js, so that only a program that has proven to be ours is asked.
{
  const every = 2;
  // A hidden page has nobody to show it to, but for the title and the notification of a training.
  const everyHidden = 10;
  const known = {};
  // The version of the training that the page has been given.
  let seen = "";
  let beats = 0;
  let isAsking = false;
  const shown = () => [...document.querySelectorAll(".kb-pulse")].filter((button) => {
    const tab = button.closest(".tabitem");
    return !tab || tab.checkVisibility();
  });
  const live = () => Object.entries({ status: "#status", card: "#train-card", chart: "#train-chart" })
    .filter(([, place]) => document.querySelector(place)?.checkVisibility())
    .map(([part]) => part).join();
  const ask = async () => {
    const buttons = Object.fromEntries(shown().map((button) => [button.id.replace("pulse-", ""), button]));
    if (!Object.keys(buttons).length) return;
    const query = new URLSearchParams({ of: Object.keys(buttons).join(), live: live(), seen });
    const response = await fetch(`/pulse?${query}`, { cache: "no-store" });
    if (!response.ok) return;
    const answer = await response.json();
    if (answer.live) {
      seen = answer.live.version;
      dispatchEvent(new CustomEvent("kakaobot-training", { detail: answer.live }));
    }
    for (const [concern, version] of Object.entries(answer.versions)) {
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
  addEventListener("kakaobot-training-shown", () => (seen = ""));
  document.addEventListener("visibilitychange", () => document.hidden || (beats = every));
}
