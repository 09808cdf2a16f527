"""Mutated files and changes: refused in sentences, or read; no traceback, nothing written, bounded time and memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import mutants
import tiny
from damages import keep
from findings import Finding, bounded, told
from ruamel.yaml import YAML
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.errors import PlannerError

INSTANCES = Path(__file__).resolve().parents[2] / "instances" / "tiny"
OWN = """\
name: own
scope: hardware
horizon: {start: 2025-06, periods: 2, period_years: 2, discount_rate: 0.08}
currency: {rates: {CNY: 0.14, EUR: 1.1}}
workloads:
  - {name: run, kind: training, parameters: 7e9, tokens: 2e11, days: 60, mfu: 0.4}
  - {name: chat, kind: inference, parameters: 8e9, queries_per_day: 1e6, tokens_in: 500, tokens_out: 200}
sites:
  - {name: here, hub: texas, power_limit_mw: 1}
  - {name: there, country: US, power_limit_mw: 2, tariff_per_kwh: 0.1, cooling: [air, evaporative], rack_kw_limit: 40}
supply: [{kind: servers, id: hgx-h100-oem, limit: 100}]
budget: {capex: 5e7}
catalogue: {servers: [hgx-h100-oem], files: [prices.csv]}
"""
PRICES = """\
# our quotes
kind,id,amount,low,high,currency,unit,grade,as_of,source
servers,hgx-h100-oem,200000,190000,210000,EUR,each,quote,2025-05-01,quote 17
servers,hgx-h100-oem,180000,170000,190000,EUR,each,quote,2026-05-01,quote 40
"""
SCENARIOS = """\
scenarios:
  as it stands: {}
  dearer: {catalogue.servers.hgx-h100-oem.price: "+30%", sites.*.tariff_per_kwh: "+50%"}
  more: {workloads.chat.queries_per_day: "*2"}
"""
CHANGES = (
    "sites.here.power_limit_mw=2", "sites.*.tariff_per_kwh*=2", "workloads.chat.queries_per_day=+50%", "name=other",
    "supply.hgx-h100-oem.limit=0", "catalogue.servers.hgx-h100-oem.price=1e5", "horizon.start=2026-01",
    "sites.0.pue_limit=1.2",
    "fabric.oversubscription=[1, 2]", "workloads.run={kind: compute}", "budget.capex=null", "sites.here.hub=oregon",
)  # fmt: skip
OVER = (
    "sites.*.tariff_per_kwh*=0.5,1,2", "sites.here.power_limit_mw=1:3:0.5", "horizon.start=2025-01,2026-01",
    "budget.capex=1e6:5e7:1e6",
)  # fmt: skip
KINDS = ("yaml", "yaml", "generated", "csv", "set", "scenarios", "over", "solve")


@cache
def _tiny() -> list[str]:
    return [file.read_text(encoding="utf-8") for file in sorted(INSTANCES.glob("*.yaml"))]


def case(seed: int, number: int) -> Iterator[str]:
    """One mutated input, of the kinds in turn."""
    random = Random(f"{seed} {number}")
    kind = KINDS[number % len(KINDS)]
    name = f"inputs seed {seed} case {number} {kind}"
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        arguments = _asked(random, kind, folder)
        if kind in ("scenarios", "over"):
            yield f"{kind} {_varied(random, kind, folder, name)}"
            return
        before = {file.name: file.read_bytes() for file in folder.iterdir()}
        where = os.getcwd()
        os.chdir(folder)
        try:
            with bounded():
                ran = CliRunner().invoke(app, arguments)
        except BaseException as error:
            raise Finding(f"{name} {arguments}: {type(error).__name__}") from error
        finally:
            os.chdir(where)
        after = {file.name: file.read_bytes() for file in folder.iterdir()}
        said = f"{name} {_kept(name, folder) if _through(ran.exit_code, ran.exception) else ''} {arguments}"[:1500]
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise Finding(f"{said}: {told(ran.exception)}") from ran.exception
        if _through(ran.exit_code, ran.exception):
            raise Finding(f"{said}: exit code {ran.exit_code}: {ran.output[-600:]}")
        if before != after:
            raise Finding(f"{said}: files were written: {sorted(set(after) - set(before))}")
        if ran.exit_code in (2, 3) and not ran.output.strip():
            raise Finding(f"{said}: refused without a word")
    yield f"{kind} exit {ran.exit_code}"


def _through(code: int, error: BaseException | None) -> bool:
    return code not in (0, 2, 3, 4) or (error is not None and not isinstance(error, SystemExit))


def _kept(name: str, folder: Path) -> list[str]:
    return [str(keep(f"{name} {file.stem}", file)) for file in folder.iterdir()]


def _asked(random: Random, kind: str, folder: Path) -> list[str]:
    """Files of a case, and the command on them."""
    question, prices, scenarios = folder / "question.yaml", folder / "prices.csv", folder / "scenarios.yaml"
    question.write_text(OWN, encoding="utf-8")
    prices.write_text(PRICES, encoding="utf-8")
    if kind == "yaml":
        question.write_bytes(mutants.text(random, random.choice((OWN, OWN, *_tiny()))))
    elif kind == "generated":
        draw = random.randrange(10**9)
        data = tiny.with_openings(draw, tiny.with_owned(draw, tiny.random_instance(draw)))
        _write(question, random.choice((mutants.data, mutants.mild))(random, data))
        if random.random() < 0.2:
            question.write_bytes(mutants.text(random, question.read_text(encoding="utf-8", errors="surrogateescape")))
    elif kind == "solve":
        _write(question, mutants.mild(random, tiny.random_instance(random.randrange(10**9))))
        return ["solve", str(question), "--gap", "0.05", "--time-limit", "20", "--no-diagnosis", "--json"]
    elif kind == "csv":
        prices.write_bytes(mutants.text(random, PRICES))
    elif kind == "set":
        changes = [
            mutants.text(random, change).decode("utf-8", errors="replace") for change in random.sample(CHANGES, 2)
        ]
        return ["check", str(question), *(part for change in changes for part in ("--set", change))]
    elif kind == "scenarios":
        scenarios.write_bytes(mutants.text(random, SCENARIOS))
    return ["check", str(question), *(["--json"] if random.random() < 0.2 else [])]


def _varied(random: Random, kind: str, folder: Path, name: str) -> str:
    """Variants of a sweep are read and the first of them applied; what is wrong with them is an error of ours."""
    said = (folder / "scenarios.yaml").read_bytes() if kind == "scenarios" else b""
    over = mutants.text(random, random.choice(OVER)).decode("utf-8", errors="replace")
    try:
        with bounded():
            variants = api.scenarios(folder / "scenarios.yaml") if kind == "scenarios" else api.grid(over)
            for variant in variants[:2]:
                api.load_instance(folder / "question.yaml", variant.changes)
    except PlannerError:
        return "refused"
    except BaseException as error:
        raise Finding(f"{name} {said or over!r}: {told(error)}") from error
    return "read"


def _write(file: Path, data: object) -> None:
    """Plain data as YAML; what YAML cannot hold as text of Python."""
    yaml = YAML(typ="safe", pure=True)
    try:
        with file.open("w", encoding="utf-8", errors="surrogatepass") as stream:
            yaml.dump(data, stream)
    except Exception:
        file.write_text(repr(data), encoding="utf-8", errors="surrogatepass")
