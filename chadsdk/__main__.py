"""``python -m chadsdk`` is the command ``chadsdk``."""

from chadsdk.cli import main

if __name__ == "__main__":
    main()
