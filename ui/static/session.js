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
  window.fetch = async (resource, options = {}) => {
    const { url, headers } = resource instanceof Request ? resource : { url: resource };
    if (new URL(url, location.href).origin !== location.origin) return send(resource, options);
    const extended = new Headers(options.headers ?? headers);
    extended.set("x-kakaobot-key", key);
    extended.set("x-kakaobot-page", page);
    const response = await send(resource, { ...options, headers: extended });
    // The session is gone; the page at this address says what to do.
    if (response.status === 401) location.replace("/open");
    return response;
  };
}
