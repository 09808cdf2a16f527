"""The attack: fresh random instances against brute force, damaged inputs, damaged plans, kills at random moments.

    python tests/attack/attack.py                        all parts, an hour
    python tests/attack/attack.py --minutes 5 inputs     one part
    python tests/attack/attack.py --seed 7 inputs        the same again

Every case follows from the seed that is printed and its number. What comes through is printed with both, and the
inputs are kept in ``attack-findings``. The exit code is 1 if anything came through.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import SystemRandom

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), *(str(TESTS / name) for name in ("attack", "oracle", "verification"))]

import damages  # noqa: E402
import inputs  # noqa: E402
import kills  # noqa: E402
import optima  # noqa: E402
from findings import Finding  # noqa: E402

PARTS: dict[str, Callable[[int, int], Iterator[str]]] = {
    "inputs": inputs.case,
    "plans": damages.case,
    "kills": kills.case,
    "optima": optima.case,
}
"""Part -> what tries one case of a seed, and yields the classes that it covered."""
SHARES = {"inputs": 0.3, "plans": 0.15, "kills": 0.15, "optima": 0.4}


def attack(part: str, seed: int, cases: int, until: float = float("inf")) -> tuple[Counter[str], list[Finding]]:
    """Try cases of a part.

    Args:
        cases: most of them.
        until: ``time.monotonic`` at which no other is begun.

    Returns:
        how many cases of each class there were, and what came through.
    """
    seen: Counter[str] = Counter()
    found: list[Finding] = []
    for number in range(cases):
        if time.monotonic() >= until:
            break
        try:
            seen.update(PARTS[part](seed, number))
            seen["cases"] += 1
        except Finding as finding:
            found.append(finding)
            seen["came through"] += 1
    return seen, found


def main() -> int:
    parser = argparse.ArgumentParser(description="Attack the engine; prints what comes through.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="inputs, plans, kills, optima; all if none")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**31), help="of all that is random")
    parser.add_argument("--minutes", type=float, default=60, help="for all parts together")
    parser.add_argument("--cases", type=int, default=10**9, help="most cases of each part")
    asked = parser.parse_args()
    parts = asked.parts or list(PARTS)
    print(f"seed {asked.seed}", flush=True)
    failed = False
    for part in parts:
        minutes = asked.minutes * SHARES[part] / sum(SHARES[each] for each in parts)
        seen, found = attack(part, asked.seed, asked.cases, time.monotonic() + 60 * minutes)
        print(f"{part}: " + ", ".join(f"{count:,} {name}" for name, count in sorted(seen.items())), flush=True)
        for finding in found:
            failed = True
            print(f"  CAME THROUGH {finding}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
