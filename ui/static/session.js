// Sends the key of this browser and the id of this page with every request to the window's server.
// Browsers send the cookie to every port of a host, but local storage belongs to one port.
{
  const key = localStorage.getItem("kakaobot-key") ?? "";
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  const page = Array.from(numbers, (number) => number.toString(36)).join("");
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
