"""``docs/export-rules.md`` says what the data say: every rule, scenario, cap and conflict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from published_devices import COLUMNS, PARAMETERS

from planner.catalogue import load_catalogue
from planner.engineering.export_rules import figures, load_rules

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "export-rules.md").read_text(encoding="utf-8")


def test_every_rule_with_its_dates_and_citation() -> None:
    for rule in load_rules().rules:
        outcomes = dict.fromkeys(step.outcome for clause in rule.clauses for step in clause.steps)
        dates = f"{rule.effective or ''} | {rule.ends or ''}"
        assert f"| {rule.id} | {dates} | {rule.status} | {rule.citation} | {', '.join(outcomes)} |" in PAGE


def test_every_scenario_and_cap_and_the_reach_of_the_data() -> None:
    rules = load_rules()
    for name in (*rules.scenarios, *rules.caps):
        assert f"`{name}`" in PAGE
    assert f"reach to {rules.reaches}" in PAGE


def test_every_conflict_with_a_published_figure_and_no_other() -> None:
    begin = PAGE.index("| device | figure | published | catalogue |")
    listed = PAGE[begin:].partition("\n\n")[0].splitlines()[2:]
    assert listed == list(conflicts())
    assert not any("| TPP |" in line for line in listed)


def conflicts() -> Iterator[str]:
    for id, published in PARAMETERS.items():
        row = load_catalogue().accelerators[id]
        found = figures(row)
        own = (found["tpp"], row.die_mm2, found["density"], found["io_gbs"], found["memory_gbs"])
        for column, theirs, ours in zip(COLUMNS, published, own, strict=True):
            rounding = 0.0051 if column == "density" else 1e-9 * (theirs or 0)
            if theirs is not None and (ours is None or abs(ours - theirs) > rounding):
                yield f"| {id} | {column} | {theirs:,g} | {'' if ours is None else f'{ours:,g}'} |"
