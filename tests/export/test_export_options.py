"""What the export rules and the sales calendar take out of an instance's options, period by period."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planner import api
from planner.engineering.export_rules import OUTCOMES
from planner.errors import InstanceError
from planner.instance import parse_instance
from planner.options import Options, make_options

TINY = Path(__file__).resolve().parents[2] / "instances" / "tiny"


def question(start: str, periods: int = 1, country: str = "CN", **others: Any) -> dict[str, Any]:
    site = {"name": "here", "country": country, "power_limit_mw": 5, "tariff_per_kwh": 0.1, "power_capex_per_kw": 2000}
    return {
        "name": "export",
        "currency": {"rates": {"CNY": 0.14}},
        "scope": "hardware",
        "horizon": {"start": start, "periods": periods, "period_years": 1},
        "workloads": [{"name": "load", "kind": "compute", "peak_flops": 20e15}],
        "sites": [site],
        "catalogue": {"servers": ["nf5688m6-8xa800", "hgx-h20-oem", "atlas-800t-a2"]},
        **others,
    }


def options(start: str, *args: Any, **others: Any) -> Options:
    return make_options(parse_instance(question(start, *args, **others)))


def may_order(found: Options) -> dict[str, tuple[bool, ...]]:
    return {pool.accelerator: pool.may_order for pool in found.pools}


def test_each_period_sees_the_rules_and_the_market_of_its_order_date() -> None:
    """Ordered every June: A800 until 2023, Ascend 910B on sale from 2023-08, H20 from 2024-02 to the letter of 2025."""
    found = options("2022-09", periods=5)
    assert may_order(found) == {
        "a800-sxm-80": (True, True, False, False, False),
        "h20": (False, False, True, False, False),
        "ascend-910b": (False, True, True, True, True),
    }
    reasons = {(r.subject, r.family): r.reason for r in found.removed}
    assert "first shipments in 2023-08" in reasons["ascend-910b at here", "availability"]
    assert "3A090.a.1" in reasons["a800-sxm-80 at here", "export"]


def test_rules_of_a_day_of_their_own_leave_the_market_to_the_day_of_the_order() -> None:
    """Ordered in 2024-06 by the rules of 2022-09: A800 once more, the H20 still free, the 910B on sale. The plan passes
    its verification, which asks the rules of the same day; in 2022-09 itself neither of the other two was on sale."""
    found = options("2024-06", policy={"rules_as_of": "2022-09-01"})
    assert may_order(found) == {"a800-sxm-80": (True,), "h20": (True,), "ascend-910b": (True,)}
    assert set(may_order(options("2022-09"))) == {"a800-sxm-80"}
    assert set(may_order(options("2024-06"))) == {"h20", "ascend-910b"}
    data = question("2024-06", policy={"rules_as_of": "2022-09-01"})
    data["catalogue"] = {"servers": ["nf5688m6-8xa800"]}
    plan = api.solve(parse_instance(data), gap=1e-3).require_plan()
    assert not [check for check in api.verify(plan).checks if not check.passed]
    later = parse_instance(data, changes=["policy.rules_as_of=2024-06-01"])
    assert {check.check for check in api.verify(plan, later).checks if not check.passed} >= {"device may be exported"}


def test_what_rests_on_a_letter_says_so_whether_it_is_taken_out_or_accepted() -> None:
    """H20 for China in 2025-09: by the letters of April 2025 alone; the A800 meets a paragraph of law."""
    letter = "This rests on letters to single companies, not on a published rule"
    reasons = {r.subject: r.reason for r in options("2025-09").removed if r.family == "export"}
    assert letter in reasons["h20 at here"]
    assert "the outcome is unrestricted" in reasons["h20 at here"]
    assert letter not in reasons["a800-sxm-80 at here"]
    licensed = options("2025-09", policy={"accept": ["unrestricted", "licence"]})
    assert may_order(licensed)["h20"] == (True,)
    assert any(note.startswith(letter) for note in licensed.notes["h20"])
    without = options("2025-09", policy={"scenarios": ["without-letters"]})
    assert may_order(without)["h20"] == (True,)
    assert not any(note.startswith(letter) for note in without.notes.get("h20", ()))


def test_first_shipments_hold_in_the_us_and_without_export_rules_too() -> None:
    for country, policy in (("US", {}), ("CN", {"export_rules": "none"})):
        assert "h20" not in may_order(options("2024-01", country=country, policy=policy))
        assert "h20" in may_order(options("2024-02", country=country, policy=policy))


@pytest.mark.parametrize("month", ["2020-01", None])
def test_an_override_moves_the_first_shipments(month: str | None) -> None:
    overrides = {"accelerators": {"h20": {"available": month}}}
    catalogue = {"accelerators": ["h20"], "servers": ["hgx-h20-oem"], "overrides": overrides}
    assert may_order(options("2024-01", catalogue=catalogue)) == {"h20": (True,)}


def test_no_such_month() -> None:
    catalogue = {"overrides": {"accelerators": {"h20": {"available": "2024-13"}}}}
    with pytest.raises(InstanceError, match="available"):
        parse_instance(question("2024-01", catalogue=catalogue))


def test_accepting_an_outcome_never_removes_a_device() -> None:
    before: dict[str, tuple[bool, ...]] = {}
    for number in range(1, len(OUTCOMES)):
        now = may_order(options("2022-09", periods=5, policy={"accept": list(OUTCOMES[:number])}))
        assert set(before) <= set(now)
        assert all(not old or new for id in before for old, new in zip(before[id], now[id], strict=True))
        before = now
    assert before["h20"] == (False, False, True, True, True)


def test_licence_stands_for_approval_and_case_by_case() -> None:
    def h20(*accept: str) -> tuple[bool, ...]:
        found = may_order(options("2025-08", policy={"accept": ["unrestricted", *accept]}))
        return found.get("h20", (False,))

    assert (h20(), h20("licence-approval")) == ((False,), (False,))
    assert h20("licence-case-by-case") == h20("licence") == (True,)


def test_terms_of_the_policy_reach_the_rules() -> None:
    def devices(**policy: Any) -> set[str]:
        return set(may_order(options("2025-12", policy={"accept": ["unrestricted", "licence"], **policy})))

    assert devices() == {"h20", "ascend-910b"}
    assert devices(end_use="state-funded") == {"ascend-910b"}
    assert devices(operator_listing="listed") == {"ascend-910b"}


def test_words_that_the_rules_do_not_know_are_faults_of_the_file() -> None:
    for policy, word in (
        ({"scenarios": ["ai-difusion"]}, "did you mean 'ai-diffusion'"),
        ({"consignee": "nobody"}, "unknown consignee 'nobody'"),
        ({"operator_country": "XX"}, "ISO 3166"),
        ({"accept": ["licenced"]}, "accept"),
    ):
        with pytest.raises(InstanceError, match=word):
            parse_instance(question("2024-01", policy=policy))
    with pytest.raises(InstanceError, match="ISO 3166"):
        parse_instance(question("2024-01", country="XX"))


def test_an_instance_without_a_plan_for_want_of_a_product_says_so() -> None:
    """One server of 8 A100, asked for two years before the A100 ships."""
    instance = api.load_instance(TINY / "01-one-server.yaml", ["horizon.start=2018-05"])
    result = api.solve(instance, isolate=False)
    assert result.diagnosis is not None
    clashes = {clash.family: clash.sentence for clash in result.diagnosis.clashes}
    assert set(clashes) == {"demand", "availability"}
    assert "a100-sxm-80 (on sale from 2020-12)" in clashes["availability"]
