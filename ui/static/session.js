// Sends the key of this browser and the id of this page with every request to the window's server.
// Browsers send the cookie to every port of a host, but storage belongs to one port. That of a
// session belongs to one browser tab, and a page keeps its id when it is reloaded.
{
  const key = localStorage.getItem("kakaobot-key") ?? "";
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  const id = Array.from(numbers, (number) => number.toString(36)).join("");
  const page = sessionStorage.getItem("kakaobot-page") ?? id;
  sessionStorage.setItem("kakaobot-page", page);
  const send = window.fetch.bind(window);
  // By function, the number of its last event, which the program chooses. Gradio does not wait for
  // it before it cancels an event, and so could not cancel one that has just begun.
  const numbersOf = new Map();
  const sendEvent = async (resource, isCancel, options) => {
    const event = JSON.parse(options.body);
    if (isCancel) {
      event.event_id ??= (await numbersOf.get(event.fn_index)) ?? "";
      return send(resource, { ...options, body: JSON.stringify(event) });
    }
    const joined = send(resource, options);
    const number = joined.then((response) => response.clone().json()).then((body) => body.event_id);
    numbersOf.set(event.fn_index, number.catch(() => ""));
    return joined;
  };
  window.fetch = async (resource, options = {}) => {
    const { url, headers } = resource instanceof Request ? resource : { url: resource };
    const { origin, pathname } = new URL(url, location.href);
    if (origin !== location.origin) return send(resource, options);
    const extended = new Headers(options.headers ?? headers);
    extended.set("x-kakaobot-key", key);
    extended.set("x-kakaobot-page", page);
    const withSecrets = { ...options, headers: extended };
    const [route] = pathname.match(/(queue\/join|cancel)$/) ?? [];
    const response = route
      ? await sendEvent(resource, route === "cancel", withSecrets)
      : await send(resource, withSecrets);
    if (response.status === 401) window.dispatchEvent(new Event("kakaobot-refused"));
    return response;
  };
}
