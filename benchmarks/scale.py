"""How long instances of growing size take, stage by stage, in processor seconds.

    python benchmarks/scale.py [P0 P1 ... | 8-12-10-1 | FILE.yaml] [--gap G] [--limit S] [--threads N] [--json FILE]

P0 to P4 are made by rule (``benchmarks/instances.py``). Other sizes are written sites-servers-workloads-periods, and
the path of an instance does as well. Without ``--gap`` and ``--limit`` each has its own. A time limit is kept by the
clock, figures are of processor time: on a machine with other work to do, a run gets less done within its limit.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from measure import GAP_AT_S, STAGES, Record, run

DEFAULT = ("P0", "P1", "P2")
ASKED: dict[str, tuple[float, float]] = {
    "P0": (5e-4, 30.0),
    "P1": (5e-4, 180.0),
    "P2": (1e-3, 120.0),
    "P3": (5e-3, 300.0),
    "P4": (1e-2, 900.0),
}
"""Gap and time limit (s) that each is solved with."""
OTHERS = (1e-3, 300.0)


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def heading() -> list[str]:
    """Names of the columns."""
    gaps = [f"gap at {second} s, %" for second in GAP_AT_S]
    return ["instance", "columns", *(f"{stage}, s" for stage in (*STAGES, "other", "total")), *gaps, "gap, %",
            "above relaxation, %", "objective, M", "MB", "status"]  # fmt: skip


def row(record: Record) -> list[str]:
    """A measurement as the cells of a table."""
    objective = record["objective"]
    return [
        record["instance"],
        str(record["columns"]),
        *(number(record[stage]) for stage in (*STAGES, "other", "total")),
        *(number(record["gap_at"][second], 3) for second in GAP_AT_S),
        number(record["gap"], 3),
        number(record["above_relaxation"], 3),
        number(None if objective is None else objective / 1e6),
        number(record["peak_mb"], 0),
        record["status"],
    ]


def table(records: list[Record]) -> str:
    """Measurements side by side, one column each: a Markdown table."""
    columns = [heading(), *(row(record) for record in records)]
    lines = [" | ".join(["", *cells, ""]).strip() for cells in zip(*columns, strict=True)]
    lines.insert(1, "|---|" + "--:|" * len(records))
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", nargs="*", default=list(DEFAULT))
    parser.add_argument("--gap", type=float)
    parser.add_argument("--limit", type=float, help="seconds")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write everything measured, the course of each gap included")
    asked = parser.parse_args()
    records = []
    for name in asked.instances:
        gap, limit = ASKED.get(name, OTHERS)
        record = run(name, asked.gap or gap, asked.limit or limit, asked.threads)
        records.append(record)
        print(f"{name}: {record['status']}, {record['total']:.1f} s, gap {number(record['gap'], 3)} %", flush=True)
    print()
    print(table(records))
    if asked.json is not None:
        asked.json.write_text(json.dumps(records, indent=1) + "\n")


if __name__ == "__main__":
    main()
