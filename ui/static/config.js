// Keeps gradio from making reactive proxies of what never changes in its config. It looks through all
// events for each component, and again at every message, which takes several times as long by proxies.
// Proxies are made of plain objects and arrays only.
{
  class List extends Array {}
  class Entry {
    constructor(given) {
      Object.assign(this, given);
    }
  }
  const fixed = (given) => List.from(given, (one) => new Entry(one));
  let config;
  Object.defineProperty(window, "gradio_config", {
    configurable: true,
    get: () => config,
    set: (given) => {
      const { components, dependencies } = given;
      config = { ...given, components: fixed(components), dependencies: fixed(dependencies) };
    },
  });
}
