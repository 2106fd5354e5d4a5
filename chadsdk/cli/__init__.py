"""The command line: arguments in, exit code out.

0 all exported, 3 exported with missing tracks, 1 failed, 2 usage, 130 cancelled.
"""

from chadsdk.cli.app import main

__all__ = ["main"]
