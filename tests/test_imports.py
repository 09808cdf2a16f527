"""Who may import whom, read from the source; and what starting up really imports."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STANDARD = frozenset(sys.stdlib_module_names)
SOLVING = ("pyomo", "highspy")
TINY = ROOT / "instances" / "tiny" / "01-one-server.yaml"


def sources(*places: str) -> list[Path]:
    """Python files of files and folders of the repository."""
    found = [f for place in places for f in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))]
    assert found
    return sorted(found)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imported(file: Path, source: str | None = None) -> Iterator[str]:
    """Full names of the modules a file imports, wherever in it; ``from planner import money`` is ``planner.money``."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8") if source is None else source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: relative import"
            assert node.module
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield full if is_module(full) else node.module
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("__import__", "eval", "exec"), f"{file}:{node.lineno}: {called}"


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def offences(files: list[Path], allowed: tuple[str, ...] = (), forbidden: tuple[str, ...] = ()) -> list[str]:
    """Imports that are forbidden, or (if ``allowed`` is given) neither allowed nor of the standard library."""
    found = []
    for file in files:
        for name in imported(file):
            standard = name.partition(".")[0] in STANDARD
            if within(name, forbidden) or (allowed and not standard and not within(name, allowed)):
                found.append(f"{file.relative_to(ROOT)} imports {name}")
    return found


def test_formulations_import_the_modelling_layer_only() -> None:
    assert offences(sources("formulations"), allowed=("pyomo", "numpy", "formulations")) == []


@pytest.mark.parametrize("room", ["planner/engineering", "planner/verification"])
def test_engineering_and_verification_import_no_solver(room: str) -> None:
    assert offences(sources(room), forbidden=SOLVING) == []


MODEL = ("formulations", *(f"planner.{room}" for room in ("options", "model", "solver", "solving", "money", "running")))
"""Rooms that a plan comes from."""


def test_verification_shares_nothing_with_the_model() -> None:
    """But the graph proof, which the model does not know, the physics of devices and climates, and how a plan file
    is written."""
    proof = ("planner.engineering.topology", "planner.engineering.tree")
    physics = tuple(
        f"planner.engineering.{room}" for room in ("performance", "export_rules", "climate", "cooling", "power")
    )
    assert offences(sources("planner/verification"), forbidden=MODEL) == []
    found = offences(sources("planner/verification"), forbidden=("planner.engineering",))
    assert all(line.endswith(proof) or any(room in line for room in physics) for line in found)
    found = offences(sources("planner/verification"), forbidden=("planner.plan",))
    assert all(line.endswith((" planner.plan.plan", " planner.plan.rows", " planner.plan.reading")) for line in found)
    assert offences(sources("planner/model", "planner/solving", "formulations"), forbidden=proof) == []


def test_a_plan_knows_neither_search_nor_report() -> None:
    """It follows from decisions and options; the front door (``planner.display``) says how it is shown."""
    rooms = ("report", "cli", "api", "solving", "solver", "model", "verification", "comparison", "limits")
    found = offences(sources("planner/plan"), forbidden=("formulations", *(f"planner.{room}" for room in rooms)))
    assert [line for line in found if not line.endswith(" imports formulations.accounts")] == []


def test_the_report_reads_plans() -> None:
    """And option tables only where ``planner check`` shows them, verifications and answers where these are shown."""
    made_by = {
        "planner/report/options.py": "planner.options",
        "planner/report/compliance.py": "planner.solving.compliance",
        "planner/report/explain.py": "planner.solving.explain",
        "planner/report/surroundings.py": "planner.options",
        "planner/report/outcomes.py": "planner.verification",
        "planner/report/robust.py": "planner.solving.stages",
    }
    rooms = (*MODEL, "planner.verification", "planner.api", "planner.cli", *SOLVING)
    for offence in offences(sources("planner/report"), forbidden=rooms):
        file, _, name = offence.partition(" imports ")
        assert name.startswith(made_by.get(file, "nothing")), offence


def test_command_line_calls_the_api() -> None:
    front = ("api", "report", "serve", "engineering", "catalogue", "errors", "comparison", "result", "plan", "sweeps")
    tools = ("units", "version", "garbage", "files", "interrupts", "memory")
    allowed = (*(f"planner.{room}" for room in (*front, *tools, "cli")), "typer", "rich", "click")
    found = [o for o in offences(sources("planner/cli"), allowed=allowed) if not o.endswith(" imports planner")]
    assert found == []


def test_the_page_to_ask_on_calls_the_api() -> None:
    libraries = ("starlette", "uvicorn", "anyio")
    own = ("api", "errors", "files", "interrupts", "memory", "report", "result", "instance", "plan", "solver", "serve")
    allowed = (*libraries, *(f"planner.{room}" for room in own))
    found = [o for o in offences(sources("planner/serve"), allowed=allowed) if not o.endswith(" imports planner")]
    assert found == []
    outside = offences([f for f in sources("planner") if "serve" not in f.as_posix()], forbidden=libraries)
    assert outside == []


def test_solver_and_modelling_layer_have_their_places() -> None:
    places = {"planner/solver/highs.py": {"highspy"}, "planner/solver/problem.py": {"pyomo"}}
    for file in sources("planner"):
        found = {name.partition(".")[0] for name in imported(file)} & set(SOLVING)
        name = file.relative_to(ROOT).as_posix()
        assert found <= ({"pyomo"} if name.startswith("planner/model/") else places.get(name, set())), file


def test_only_the_model_imports_formulations() -> None:
    """But the names of the accounts, which every amount of money is booked under."""
    found = offences(sources("planner"), forbidden=("formulations",))
    assert found
    assert all(line.startswith("planner/model/") or line.endswith(" imports formulations.accounts") for line in found)


def module(file: Path) -> str:
    """The full name of the module in a file."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circles(arrows: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Groups of modules each of which imports, by one way or another, all others of its group."""
    reached = {name: _reached(name, arrows) for name in arrows}
    found = {tuple(sorted(b for b in reached[a] if b in arrows and a in reached[b])) for a in arrows}
    return sorted(list(group) for group in found if group)


def _reached(name: str, arrows: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    to_visit = list(arrows[name])
    while to_visit:
        here = to_visit.pop()
        if here not in found:
            found.add(here)
            to_visit += arrows.get(here, ())
    return found


def test_no_import_goes_round_in_a_circle() -> None:
    """Neither at start-up nor inside a function nor for a type: what a file needs stands below it."""
    files = {module(file): file for file in sources("planner", "formulations")}
    arrows = {name: [m for m in imported(file) if m in files and m != name] for name, file in files.items()}
    assert circles(arrows) == []


def test_circles_are_seen() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": []}) == [["b", "c"]]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import pyomo.environ as pyo", ["pyomo.environ"]),
        ("def f():\n    from planner import money, load_instance", ["planner.money", "planner"]),
        ("from planner.solver.highs import run", ["planner.solver.highs"]),
    ],
)
def test_the_reader_of_imports_sees_them_all(source: str, names: list[str]) -> None:
    assert list(imported(Path("source.py"), source)) == names


def test_the_reader_of_imports_refuses_what_it_cannot_follow() -> None:
    for source in ("from . import build", "__import__('highspy')", "exec('import highspy')"):
        with pytest.raises(AssertionError):
            list(imported(Path("source.py"), source))


@pytest.mark.parametrize(
    "code",
    [
        "import planner",
        "import sys; sys.argv = ['planner', '--help']\n"
        "from planner.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code",
        f"from planner import api; api.check(api.load_instance({str(TINY)!r}))",
    ],
    ids=["import planner", "planner --help", "api.check"],
)
def test_starting_up_and_checking_import_no_solver(code: str) -> None:
    code += "\nimport json, sys\nprint(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    modules = set(json.loads(ran.stderr.splitlines()[-1]))
    assert "planner" in modules
    assert modules.isdisjoint(SOLVING)
