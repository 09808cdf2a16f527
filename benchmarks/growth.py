"""How time grows with sites and with periods: two series of instances in which one thing alone grows.

    python benchmarks/growth.py [sites] [periods] [--gap 5e-3] [--limit 120] [--json FILE]

Printed beside the seconds: the power with which they grow from the row before (1 is in proportion, 2 with the square).
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from measure import Record, run
from scale import number

SERIES = {
    "sites": ("2-8-6-1", "4-8-6-1", "8-8-6-1", "16-8-6-1"),
    "periods": ("4-8-6-2", "4-8-6-4", "4-8-6-8", "4-8-6-12"),
}
GROWS = {"sites": 0, "periods": 3}
"""Which number of an instance's name grows in a series."""


def power(before: Record | None, now: Record, key: str, place: int) -> float | None:
    """The power with which a figure grows from one instance to the next.

    >>> round(power({"instance": "2-8-6-1", "total": 1.0}, {"instance": "4-8-6-1", "total": 4.0}, "total", 0), 3)
    2.0
    """
    if before is None or not before[key] or not now[key]:
        return None
    sizes = [int(record["instance"].split("-")[place]) for record in (before, now)]
    return math.log(now[key] / before[key]) / math.log(sizes[1] / sizes[0])


def series(name: str, gap: float, limit: float) -> list[Record]:
    """Measure one series and print it as a Markdown table."""
    shown = ("options", "model", "hand-over", "relaxation", "search", "total")
    print(f"| {name} | columns | " + " | ".join(f"{key}, s" for key in shown) + " | grows with power | gap, % |")
    print("|--:" * (len(shown) + 4) + "|")
    records: list[Record] = []
    for instance in SERIES[name]:
        record = run(instance, gap, limit)
        grows = power(records[-1] if records else None, record, "total", GROWS[name])
        cells = [instance.split("-")[GROWS[name]], str(record["columns"]), *(number(record[key]) for key in shown)]
        print("| " + " | ".join([*cells, number(grows, 1), number(record["gap"], 3)]) + " |", flush=True)
        records.append(record)
    print()
    return records


def main() -> None:
    """Measure the series asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="*", default=list(SERIES))
    parser.add_argument("--gap", type=float, default=5e-3)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for each instance")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found = {name: series(name, asked.gap, asked.limit) for name in asked.series}
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
