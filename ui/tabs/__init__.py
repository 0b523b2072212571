"""One module a tab, each a `build(services, …)` that lays it out and wires it."""
