"""Writes docs/study-us-neocloud.md and docs/study-one-rack.md: the commands of each study and what they print.

Run from the root of the repository (``make study-pages``); a minute.
"""

from __future__ import annotations

import textwrap

from procurement import ROOT, told

WIDTH = 115
STUDIES = {
    "us-neocloud": (
        "A US neocloud: 405B trained in 60 days, 2,000 requests a second of 70B",
        """A neocloud trains a 405B model in 60 days and serves 2,000 requests a second of a 70B model at the peak
        (first token in 1 s, then 50 ms each, p95), from March 2026, five years. Four sites in the US and
        Sweden with tariffs of their own, five server types, rent on offer. What to order, and where?""",
        """The run holds its 130 racks for five years and works for sixty days: 97 % of the money, at more than twenty
        times what an accelerator-hour costs when kept busy. Under a contract of three years the same racks
        would cost 812 M USD in place of 887; the question offers rent of H100 alone, so the plan could not
        take it. Who signs this first asks what runs next on the cluster (`start`, `deadline` and `after` of
        further runs), or for an offer of rent. Of 133 racks three serve; the rest of the service is on
        rented H100. The price of a GB200 rack is a figure from memory, of February 2025, and three quarters
        of the purchases rest on such figures: the range of the total is wider than any choice here.""",
    ),
    "one-rack": (
        "One rack: an assistant on a 70B model for an office",
        """An office wants an assistant on a 70B model, two requests a second at the peak, for four years. It rents
        space for racks of 20 kW. Which server, and how many?""",
        """The plan has two racks, for switches get a rack of their own; here the switch fits above the server, and a
        rack of 7,000 USD can be struck from the order. One server without a spare is an outage when it
        fails: `redundancy` of the service asks for one. The switch, a figure from memory, costs a third of
        the server that alone stands below it: one node may do with two ports of the network of the office.""",
    ),
}


def main() -> None:
    """Solve both and write their pages."""
    for name, (title, question, noticed) in STUDIES.items():
        file = f"instances/studies/{name}.yaml"
        solve = ["solve", file, "--gap", "2e-3", "--time-limit", "150", "-o", f"plans/{name}"]
        page = (
            f"# {title}\n\n{filled(question)}\n\nThe question: [{name}.yaml](../{file}); this page is written by "
            f"`make study-pages`.\n\n## The plan\n\n    planner {' '.join(solve)}\n\n```\n{told(solve)}\n```\n\n"
            "## Report and workbook\n\n"
            f"    planner report plans/{name} --html plans/{name}/report.html --xlsx plans/{name}/plan.xlsx\n\n"
            f"## What an expert notices\n\n{filled(noticed)}\n"
        )
        (ROOT / "docs" / f"study-{name}.md").write_text(page, encoding="utf-8")
        print(name, flush=True)


def filled(text: str) -> str:
    """A paragraph, its lines broken anew."""
    return textwrap.fill(" ".join(text.split()), WIDTH)


if __name__ == "__main__":
    main()
