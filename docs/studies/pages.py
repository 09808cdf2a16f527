"""Writes docs/study-us-neocloud.md and docs/study-one-rack.md: the commands of each study and what they print.

Run from the root of the repository (``make study-pages``); a minute.
"""

from __future__ import annotations

from procurement import ROOT, told

STUDIES = {
    "us-neocloud": (
        "A US neocloud: 405B trained in 60 days, 2,000 requests a second of 70B",
        "A neocloud trains a 405B model in 60 days and serves 2,000 requests a second of a 70B model at the peak\n"
        "(first token in 1 s, then 50 ms each, p95), from March 2026, five years. Four sites in the US and Sweden with\n"
        "tariffs of their own, five server types, rent on offer. What to order, and where?",
        "All stands at one site, for one run is one cluster. The second, small cluster of two servers serves what\n"
        "the first has no room for. The run holds its servers five years for sixty days of work, and the plan says so;\n"
        "runs that follow each other are not in the question. The price of a GB200 rack is a figure from memory of 2025.",
        "5e-3",
    ),
    "one-rack": (
        "One rack: an assistant on a 70B model for an office",
        "An office wants an assistant on a 70B model, two requests a second at the peak, for four years.\n"
        "It rents space for racks of 20 kW. Which server, and how many?",
        "The plan has two racks, for switches get a rack of their own: one switch belongs above the server, which saves\n"
        "7,000 USD and moves no choice. One server without a spare is an outage when it fails: ask for a spare.",
        "2e-3",
    ),
}


def main() -> None:
    """Solve both and write their pages."""
    for name, (title, question, noticed, gap) in STUDIES.items():
        file = f"instances/studies/{name}.yaml"
        solve = ["solve", file, "--gap", gap, "--time-limit", "150", "-o", f"plans/{name}"]
        page = (
            f"# {title}\n\n{question}\nThe question: [{name}.yaml](../{file}); this page is written by "
            f"`make study-pages`.\n\n## The plan\n\n    planner {' '.join(solve)}\n\n```\n{told(solve)}\n```\n\n"
            "## Report and workbook\n\n"
            f"    planner report plans/{name} --html plans/{name}/report.html --xlsx plans/{name}/plan.xlsx\n\n"
            f"## What an expert notices\n\n{noticed}\n"
        )
        (ROOT / "docs" / f"study-{name}.md").write_text(page, encoding="utf-8")
        print(name, flush=True)


if __name__ == "__main__":
    main()
