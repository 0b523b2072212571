// Covers the page while the program does not run, and brings it back once it runs again.
// The return code of this browser stays in the memory of open pages, and leaves only for a program
// that proves that it knows it: any other could take the port. `texts` come from ui/page_security.py.
((texts) => {
  const send = window.fetch.bind(window);
  const key = localStorage.getItem("kakaobot-key") ?? "";
  const draft = "kakaobot-draft";
  const isHere = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  let ticket = null;
  let isOff = false;
  let wasDown = false;
  // Whether this page has asked the program to end: it may be gone before it has answered.
  let hasQuit = false;

  const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const hex = (bytes) =>
    Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const bytes = (word) => new TextEncoder().encode(word);
  const sign = async (secret, words) => {
    const digest = hex(await crypto.subtle.digest("SHA-256", bytes(secret)));
    const hash = { name: "HMAC", hash: "SHA-256" };
    const signer = await crypto.subtle.importKey("raw", bytes(digest), hash, false, ["sign"]);
    return hex(await crypto.subtle.sign("HMAC", signer, bytes(words)));
  };

  // "down" if nobody listens, "" if it is not a program that knows this browser.
  const ask = async () => {
    const challenge = hex(crypto.getRandomValues(new Uint8Array(16)));
    const query = new URLSearchParams({ challenge, session: ticket?.session ?? "" });
    const options = { credentials: "omit", cache: "no-store" };
    const response = await send(`/health?${query}`, options).catch(() => null);
    if (!response) return "down";
    const { session } = await response.json().catch(() => ({}));
    if (!session) return "";
    // Browsers do not sign for pages of another device without HTTPS.
    if (!crypto.subtle) return session.state;
    const expected = await sign(ticket.code, `${challenge} ${location.port || 80}`);
    return session.proof === expected ? session.state : "";
  };

  const box = () => document.querySelector("#chat-message textarea");
  const paragraph = (words) => {
    const line = document.createElement("p");
    line.textContent = words;
    return line;
  };
  const cover = (words, isRestart = false) => {
    if (isOff) return;
    isOff = true;
    const typed = box()?.value.trim() ? box().value : "";
    if (typed) sessionStorage.setItem(draft, typed);
    const isTraining = !words && document.querySelector("#status .kb-live");
    const title = document.createElement("h1");
    title.textContent = isRestart ? texts.restart : isHere ? texts.title : texts.title_elsewhere;
    const page = document.createElement("div");
    page.id = "kb-off";
    page.tabIndex = -1;
    page.setAttribute("role", "alert");
    const sentences = [words || (hasQuit ? texts.farewell : texts.lead), isTraining && texts.training];
    if (!isRestart) sentences.push(texts.again);
    else setTimeout(() => card.append(paragraph(texts.again)), 30000);
    sentences.push(sessionStorage.getItem(draft) && texts.draft);
    const card = document.createElement("main");
    card.append(title, ...sentences.filter(Boolean).map(paragraph));
    page.append(card);
    for (const child of document.body.children) child.inert = true;
    document.body.append(page);
    page.focus();
    document.title = `${title.textContent} · ${texts.app}`;
  };
  const comeBack = (state) => {
    // Another page of this browser has been let in.
    const isRenewed = state === "renewed" || (localStorage.getItem("kakaobot-key") ?? "") !== key;
    if (state === "ended" && !isRenewed) location.replace(`/open#${ticket.code}`);
    else if (isRenewed || (state === "live" && wasDown)) location.reload();
    else return false;
    return true;
  };
  // Returns whether this page is about to be replaced.
  const look = async () => {
    let state = await ask();
    if (state === "down" && !isOff) {
      await sleep(300);
      state = await ask();
    }
    if (state === "down" || state === "ended" || state === "renewed") cover("");
    if (state === "down") wasDown = true;
    if (state === "live" && !isOff) dispatchEvent(new Event("kakaobot-live"));
    return isOff && state !== "down" && comeBack(state);
  };

  window.fetch = async (...request) => {
    const never = new Promise(() => {});
    if (isOff) return never;
    try {
      return await send(...request);
    } catch (error) {
      if (error instanceof TypeError) await look();
      if (isOff) return never;
      throw error;
    }
  };
  document.addEventListener("click", (event) => {
    hasQuit ||= Boolean(event.target.closest?.("#quit-now"));
  }, true);
  window.addEventListener("kakaobot-quit", (event) => cover(event.detail));
  window.addEventListener("kakaobot-restart", (event) => cover(event.detail, true));
  window.addEventListener("kakaobot-refused", async () => {
    // The session is gone; the page at this address says what to do.
    if (!(await look()) && !isOff) location.replace("/open");
  });
  document.addEventListener("visibilitychange", () => !document.hidden && look());
  const watch = async () => {
    for (;;) {
      if (!ticket && !isOff) {
        const answer = await send("/open/return", { headers: { "x-kakaobot-key": key } }).catch(() => null);
        if (answer?.ok) ticket = await answer.json();
      }
      if (await look()) return;
      await sleep(1000);
    }
  };
  if (key) watch();

  // What was typed moves from the storage into the box, once the page is unlocked.
  const waiting = new MutationObserver(() => {
    const typed = sessionStorage.getItem(draft);
    const field = box();
    if (isOff || !field?.checkVisibility()) return;
    waiting.disconnect();
    sessionStorage.removeItem(draft);
    if (typed === null || field.value) return;
    field.value = typed;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  if (sessionStorage.getItem(draft) !== null)
    waiting.observe(document, { childList: true, subtree: true, attributes: true });
  const forget = () => sessionStorage.removeItem(draft);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#gate-lock")) return;
    forget();
    // Tells the other pages of this browser.
    localStorage.setItem("kakaobot-locked", String(Date.now()));
  }, true);
  window.addEventListener("storage", (event) => event.key === "kakaobot-locked" && forget());
})
