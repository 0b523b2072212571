"""One module per tab: `build` lays it out and wires it to its handlers class."""
