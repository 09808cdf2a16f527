"""Who may import whom, read from the source; and what starting up really imports."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
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
    """Full names of the modules a file imports, wherever in it; ``from planner import build`` is ``planner.build``."""
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
    assert offences(sources("formulations"), allowed=("pyomo", "pandas", "numpy", "formulations")) == []


@pytest.mark.parametrize("room", ["planner/engineering", "planner/verification"])
def test_engineering_and_verification_import_no_solver(room: str) -> None:
    assert offences(sources(room), forbidden=SOLVING) == []


def test_verification_shares_nothing_with_the_model() -> None:
    """But the graph proof, which the model does not know, the physics of devices, the text of quantity limits."""
    proof = ("planner.engineering.topology", "planner.engineering.tree")
    physics = ("planner.engineering.performance", "planner.engineering.export_rules")
    shared = ("formulations", *(f"planner.{m}" for m in ("options", "build", "extract", "solver", "solving")))
    assert offences(sources("planner/verification"), forbidden=shared) == []
    found = offences(sources("planner/verification"), forbidden=("planner.engineering",))
    assert all(line.endswith(proof) or any(room in line for room in physics) for line in found)
    model = sources("planner/options", "planner/build.py", "planner/extract.py", "planner/solving.py", "formulations")
    assert offences(model, forbidden=proof) == []


def test_command_line_calls_the_api() -> None:
    rooms = ("api", "report", "engineering", "catalogue", "errors", "comparison", "result", "plan", "units", "cli")
    allowed = (*(f"planner.{room}" for room in rooms), "typer", "rich", "click")
    found = [o for o in offences(sources("planner/cli"), allowed=allowed) if not o.endswith(" imports planner")]
    assert found == []


def test_solver_and_modelling_layer_have_their_places() -> None:
    places = {"planner/solver/highs.py": {"highspy"}}
    places |= {f"planner/{name}.py": {"pyomo"} for name in ("build", "extract", "solver/problem")}
    for file in sources("planner"):
        found = {name.partition(".")[0] for name in imported(file)} & set(SOLVING)
        assert found <= places.get(file.relative_to(ROOT).as_posix(), set()), file


def test_only_the_model_imports_formulations() -> None:
    found = [o.partition(" ")[0] for o in offences(sources("planner"), forbidden=("formulations",))]
    assert set(found) == {"planner/build.py", "planner/extract.py"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import pyomo.environ as pyo", ["pyomo.environ"]),
        ("def f():\n    from planner import build, load_instance", ["planner.build", "planner"]),
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
    assert modules.isdisjoint({*SOLVING, "formulations"})
