"""What a process of another version does: ``python -m tests.torture.contender COMMAND CONFIG``; it tells its filelock.

``contend`` takes locks in turn with others, and counts how often it was not alone; ``download`` fills the cache.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import filelock

from chadsdk.cache.locks import Hold, holding
from chadsdk.cancel import CancelToken
from tests.download.children import download_all, say, stand_ready

LOCKS = 3
WAIT_S = 30.0


def contend(config: dict[str, Any]) -> dict[str, object]:
    """Take locks by chance until the time is over; a file that is there already shows that another is inside, too."""
    folder, chance = Path(config["folder"]), random.Random(config["seed"])
    held = violations = refused = 0
    end = time.monotonic() + config["seconds"]
    while time.monotonic() < end:
        name = f"t-{chance.randrange(LOCKS)}"
        with holding(folder / f"{name}.lock", CancelToken(), wait_s=WAIT_S) as hold:
            if hold is not Hold.OURS:
                refused += 1
                continue
            inside = folder / f"{name}.inside"
            try:
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                violations += 1
                continue
            held += 1
            inside.unlink(missing_ok=True)
    return {"held": held, "violations": violations, "refused": refused}


def main() -> None:
    config: dict[str, Any] = json.loads(sys.argv[2])
    stand_ready()
    done = contend(config) if sys.argv[1] == "contend" else {"paths": download_all(config)}
    say({"filelock": filelock.__version__, **done})


if __name__ == "__main__":
    main()
