"""``python -m planner`` and the ``planner`` command. Ctrl-C is heard from here on, before anything else is imported."""

from __future__ import annotations

import gc
import os
import sys

INTERRUPTED = 130
"""Exit code of what Ctrl-C ended, as shells have it."""
ABORTED = (1, INTERRUPTED)
"""What parsers of command lines make of it."""
BATCH = 50_000
"""New objects between two collections of garbage: what starting up makes stays, and needs no looking through."""


def main() -> None:
    """Run the command; Ctrl-C and the request to end it (SIGTERM) do the same, and never show a traceback."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for them reads every installed package
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no large matrices here, and threads ask for memory
    gc.set_threshold(BATCH)
    try:
        from planner.interrupts import Stops, install

        stops = Stops()
        install(stops)
        from planner.cli.main import main as run

        try:
            run()
        except SystemExit as end:
            stops.calm = True
            if stops.pressed and type(end.code) is int and end.code in ABORTED:  # a code of ours has its own type
                raise KeyboardInterrupt from None
            raise
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
