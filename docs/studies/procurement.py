"""Writes docs/study-procurement.md: the commands of the study and what they print.

Run from the root of the repository (``make study-procurement``); some minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "study-procurement.md"
FILE = "instances/studies/procurement-2024.yaml"
SCENARIOS = "instances/scenarios/procurement-2024.yaml"

INTRODUCTION = f"""\
# What to order in June 2024: H20, 910B, or wait for the 910C

A Chinese provider trains a GPT-3-class model in 60 days and serves a 72B model fifty million times a day, at three
hubs, for four years: [procurement-2024.yaml](../{FILE}). Demand, supply limits and power
limits are assumptions of the study; prices are the dated rows of the catalogue, and most of them are estimates
([prices.md](prices.md)). This page is written by `make study-procurement`: each answer stands below the command that
gives it. How to read them: [what-if.md](what-if.md).
"""
PARTS = (
    (
        "The plan",
        "The H20 is free to ship in June 2024. The 910B costs what the tender of 2024 paid for it. Pools of H20 hold\n"
        "up to 128 servers: one switch then carries the storage network of a pool, and hubs and cooling methods cost\n"
        "about the same.",
        ["solve", FILE, "--gap", "2e-3", "-o", "plans/procurement"],
    ),
    (
        "Ten scenarios side by side",
        f"[The scenarios](../{SCENARIOS}) cut supply by 30 %, take the rules of two other days for\n"
        "orders of June 2024, wait half a year, and move demand and prices.",
        ["sweep", FILE, "--scenarios", SCENARIOS, "--gap", "2e-3", "--time-limit", "120"],
    ),
    (
        "The break-even price of the H20",
        "Up to which price of a server of eight H20 is it bought at all?",
        ["breakeven", FILE, "--price", "servers.hgx-h20-oem", "--gap", "2e-3", "--tolerance", "3%"],
    ),
    (
        "Cost against carbon",
        "Emissions of all three hubs in a year.",
        ["pareto", FILE, "--against", "carbon", "--points", "5", "--gap", "2e-3"],
    ),
    (
        "Why this plan",
        "What the types without a place would have to cost, and what limits are worth.",
        ["explain", "plans/procurement"],
    ),
)


def told(arguments: list[str]) -> str:
    """What a command prints, 100 characters wide."""
    command = [sys.executable, "-m", "planner", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "100"}
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())


def main() -> None:
    """Solve everything and write the page."""
    parts = [INTRODUCTION]
    for title, words, arguments in PARTS:
        command = " ".join(f'"{word}"' if " " in word else word for word in arguments)
        parts.append(f"## {title}\n\n{words}\n\n    planner {command}\n\n```\n{told(arguments)}\n```\n")
        print(title, flush=True)
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
