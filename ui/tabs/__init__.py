"""One module per tab: `build` lays it out and wires it to a class of handlers."""
