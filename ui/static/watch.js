// Shows how far a training is in the title of the page, and tells when it ends while nobody looks.
// Both follow the status line of the header. `texts` come from ui/theme.py.
((texts) => {
  const wanted = "kakaobot-notify";
  const canNotify = window.isSecureContext && "Notification" in window;
  let title = "";
  let wasLive = false;

  // What the status line says; null before the first answer of the program.
  const read = () => {
    const pill = document.querySelector("#status .kb-pill");
    if (!pill) return null;
    // Names stand before the last part.
    const [, percent] = pill.textContent.split(" · ").at(-1).match(/\((\d+)%\)/) ?? [];
    return { percent, isLive: Boolean(percent) || pill.matches(".kb-live"), isBad: pill.matches(".kb-bad") };
  };
  const button = () => document.getElementById("kb-notify");
  const isOn = () =>
    canNotify && Notification.permission === "granted" && localStorage.getItem(wanted) === "on";
  const show = (isLive) => {
    const bell = button();
    if (!bell) return;
    bell.hidden = !(isLive && canNotify);
    const isDenied = canNotify && Notification.permission === "denied";
    const label = isDenied ? texts.denied : texts.notify;
    if (bell.title !== label) bell.title = bell.querySelector("span").textContent = label;
    bell.setAttribute("aria-pressed", String(isOn()));
  };
  // No names: others may see the screen.
  const notify = (sentence) => {
    if (!document.hidden || !isOn()) return;
    const options = { body: sentence, icon: "/icon-192.png", tag: "kakaobot-training" };
    const notification = new Notification(texts.app, options);
    notification.onclick = () => window.focus();
  };
  const follow = () => {
    const status = read();
    if (!status) return;
    title ||= document.title;
    const { percent, isLive, isBad } = status;
    const parts = [percent && `${percent}%`, texts.training, texts.app];
    const now = isLive ? parts.filter(Boolean).join(" · ") : title;
    if (document.title !== now && (isLive || wasLive)) document.title = now;
    if (wasLive && !isLive) notify(isBad ? texts.failed : texts.finished);
    wasLive = isLive;
    show(isLive);
  };
  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.("#kb-notify")) return;
    if (isOn()) localStorage.removeItem(wanted);
    else if ((await Notification.requestPermission()) === "granted") localStorage.setItem(wanted, "on");
    show(true);
  });
  // The whole page, as gradio may replace the line.
  let seen = "";
  new MutationObserver(() => {
    const now = document.querySelector("#status .kb-pill")?.outerHTML ?? seen;
    if (now === seen) return;
    seen = now;
    follow();
  }).observe(document, { childList: true, subtree: true, characterData: true, attributeFilter: ["class"] });
})
