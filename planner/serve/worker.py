"""The process that solves one question: told by standard input what to solve and when to stop, it says by standard
output how far it is. It ends with whoever started it, for then its standard input ends.
"""

from __future__ import annotations

import _thread
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.result import SolveResult
    from planner.solver import Progress

SOURCE = "instance"
"""What stands for the file in faults."""
QUESTION, ANSWER, CHANGES, WORKBOOK = "instance.yaml", "answer.html", "changes.html", "plan.xlsx"
STOP = b"stop\n"
SECONDS_BETWEEN = 0.2
"""Between two words on the progress."""
Say = Callable[[dict[str, Any]], None]


def work() -> None:
    """Body of the process: one question, as a line of JSON with id, text, folder, gap and time_limit, and id and folder
    of an earlier answer to compare with, if any (against)."""
    from planner.interrupts import Stops, install

    stops = Stops()
    install(stops)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what is printed must not come between messages

    def say(message: dict[str, Any]) -> None:
        print(json.dumps(message, allow_nan=False), file=out, flush=True)

    asked = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_listen, daemon=True).start()
    ended = _ended(asked, say)
    stops.calm = True
    say({"ended": ended})
    os._exit(0)  # the thread that listens must not hold the process


def _listen() -> None:
    """Stop the search when asked to, as Ctrl-C does; end at once when nobody is there any more."""
    for line in sys.stdin.buffer:
        if line == STOP:
            _thread.interrupt_main(signal.SIGINT)
    os._exit(1)


def _ended(asked: dict[str, Any], say: Say) -> dict[str, Any]:
    """Solve a question and write its files; how it ended, as far as ``_solve`` has not said it."""
    from planner.errors import InstanceError, PythonModeError
    from planner.memory import out_of_memory
    from planner.report.outcomes import fault_rows

    try:
        return _solve(asked, say)
    except InstanceError as error:
        return {"status": "invalid", "faults": fault_rows(error.faults)}
    except MemoryError as error:
        return {"status": "out_of_memory", "sentences": [str(error) or str(out_of_memory())]}
    except KeyboardInterrupt:
        return {"status": "no_plan", "sentences": ["Stopped before any plan was found."]}
    except PythonModeError as error:
        return {"status": "failed", "sentences": [f"{error}."]}
    except OSError as error:
        return {"status": "failed", "sentences": [f"The folder of the answer cannot be written to: {error.strerror}."]}
    except Exception as error:
        words = f"planner failed: {type(error).__name__}: {' '.join(str(error).split())[:500]}."
        return {"status": "failed", "sentences": [words, "This is a bug of planner, not of your instance."]}


def _solve(asked: dict[str, Any], say: Say) -> dict[str, Any]:
    from planner import api
    from planner.files import write_whole
    from planner.interrupts import hearing

    folder = Path(asked["folder"])
    write_whole(folder / QUESTION, asked["text"])
    say({"file": QUESTION})
    result = api.solve(
        api.load_text(asked["text"], SOURCE), gap=asked["gap"], time_limit=asked["time_limit"], on_progress=_teller(say)
    )
    if result.plan is None:
        return _without_plan(result)
    plan = result.plan
    ended = _answer(result, plan, asked["time_limit"])
    say({"step": "writing"})
    plan.write(folder)
    for name in ("plan.json", "bom.csv", "costs.csv"):
        say({"file": name})
    write_whole(folder / ANSWER, api.page(plan, _checks(plan)))
    say({"file": ANSWER})
    if asked["against"] is not None:
        ended["sentences"].append(_compare(plan, asked, say))
    say({"answer": ended})
    try:
        with hearing():
            plan.add_lists(folder, api.lists(plan))
            say({"file": "cables.csv"})
            say({"file": "racks.csv"})
            write_whole(folder / WORKBOOK, api.workbook(plan, _checks(plan)))
            say({"file": WORKBOOK})
    except KeyboardInterrupt:
        ended["sentences"].append("Stopped before all lists were written.")
    except (ArithmeticError, LookupError, ValueError) as error:
        ended["sentences"].append(f"Racks and cables of this plan cannot be listed: {error}.")
    return ended


def _compare(plan: Plan, asked: dict[str, Any], say: Say) -> str:
    """Write what differs from the plan of an earlier question as a page; the verdict, or why there is none."""
    from planner import api
    from planner.errors import IncomparableError, PlanFileError
    from planner.files import write_whole
    from planner.plan import Plan
    from planner.report.changes import verdict
    from planner.report.findings import comparison_page

    a, b = f"Answer {asked['against']['id']}", f"Answer {asked['id']}"
    try:
        found = api.compare(Plan.read(asked["against"]["folder"]), plan)
    except (IncomparableError, PlanFileError) as error:
        return f"It cannot be compared with {a}: {error}."
    write_whole(Path(asked["folder"]) / CHANGES, comparison_page(found, a, b, []))
    say({"file": CHANGES})
    return verdict(found, a, b)


def _teller(say: Say) -> Callable[[Progress], None]:
    """Says incumbent, bound and gap, not more often than anybody reads."""
    last = [0.0]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if now - last[0] >= SECONDS_BETWEEN:
            last[0] = now
            say({"progress": {"objective": progress.objective, "bound": progress.bound, "gap": progress.gap}})

    return tell


def _checks(plan: Plan) -> list[Any]:
    """The checks that were made of a plan just now."""
    from planner.report.remarks import Checked

    return [Checked(row["check"], row["passed"], row["detail"]) for row in plan.verification]


def _answer(result: SolveResult, plan: Plan, time_limit: float) -> dict[str, Any]:
    """A plan in a few words."""
    from planner.report import answer as words
    from planner.report.data import plan_summary
    from planner.report.summary import Stop, status_line

    summary = plan_summary(plan, _checks(plan))
    stop = Stop(result.seconds, result.interrupted, result.seconds >= time_limit - 0.5)
    return {
        "status": str(result.status),
        "sentences": [f"{status_line(summary, stop)}.", words.answer(summary)],
        "objective": result.objective,
        "bound": result.bound,
        "gap": result.gap,
    }


def _without_plan(result: SolveResult) -> dict[str, Any]:
    """Why there is no plan, as ``planner solve`` says it."""
    from planner.report.outcomes import clash_table, infeasible_sentences, no_plan_sentence
    from planner.result import Status

    if result.status is not Status.INFEASIBLE:
        return {"status": str(result.status), "sentences": [no_plan_sentence(result)], "bound": result.bound}
    clashes = clash_table(result.diagnosis)
    notes = result.diagnosis.notes if result.diagnosis is not None else ()
    return {
        "status": str(result.status),
        "sentences": list(infeasible_sentences(result.diagnosis)),
        "clashes": [": ".join(row[-2:]) for row in clashes.rows],
        "notes": [f"Removed before the search: {note}" for note in notes],
    }
