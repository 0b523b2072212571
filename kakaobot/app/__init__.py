"""The use cases. Both the window and the command line call these, and nothing below them."""
