"""The command line, as processes that a person starts."""
