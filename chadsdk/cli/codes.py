"""Exit codes."""

CANCELLED = 130
FAILED = 1
MISSING = 3
USAGE = 2
