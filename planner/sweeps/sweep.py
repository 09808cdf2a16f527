"""A sweep: variants solved side by side, kept as they end, and put together in a table.

Every run that has ended stands in a file, a line each, so that a sweep that is killed loses none of them and goes on
where it was.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import Fault, InstanceError, SweepError
from planner.instance import Instance, instance_data, parse_instance
from planner.solver import SolverOptions
from planner.sweeps.axes import Variant
from planner.sweeps.run import COLUMNS, FAILED, INTERRUPTED, Row, fleet_text, solve_variant
from planner.version import __version__

if TYPE_CHECKING:
    import pandas as pd

RUNS, TABLE = "runs.jsonl", "sweep.csv"
"""What a folder of a sweep holds: every run as it ended, and the table of all."""
MOST_TRIED = 20
"""Combinations that a value which cannot stand alone is tried in."""
LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Sweep:
    """The runs of a sweep that have ended, in the order of its variants.

    Attributes:
        keys: varied keys, a column each; empty for scenarios.
        rows: ``run`` (number, from 1), ``name``, the keys, and what ``planner.sweeps.run.COLUMNS`` names. ``decision``
            is a letter for what is bought where, whatever the numbers: where it changes, the choice flips.
        missing: runs that have not ended.
    """

    keys: tuple[str, ...]
    rows: tuple[Row, ...]
    missing: int = 0

    @property
    def failed(self) -> bool:
        """Whether a run ended by a fault of ours, or for want of memory."""
        return any(row["status"] == FAILED for row in self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table."""
        return ("run", "name", *self.keys, "decision", *COLUMNS)

    def to_frame(self) -> pd.DataFrame:
        """The table as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame(self._told(), columns=list(self.columns))

    def to_csv(self) -> str:
        """The table as CSV."""
        out = io.StringIO()
        writer = csv.DictWriter(out, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._told())
        return out.getvalue()

    def _told(self) -> list[Row]:
        """Rows with the fleet in words."""
        return [{**row, "fleet": fleet_text(row)} for row in self.rows]


@dataclass
class _Kept:
    """Runs that ended, on the disk where there is a folder.

    Attributes:
        sweep: digest of the question and of how it is solved: runs of another one do not count.
    """

    folder: Path | None
    sweep: str
    rows: dict[str, Row] = field(default_factory=dict)

    def read(self) -> None:
        """Take what earlier runs left; a line that was cut off is run again.

        Raises:
            SweepError: the folder holds runs of another question.
        """
        file = None if self.folder is None else self.folder / RUNS
        if file is None or not file.exists():
            return
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                kept = json.loads(line)
                sweep, variant, row = kept["sweep"], kept["variant"], kept["row"]
            except (ValueError, KeyError, TypeError):
                continue
            if sweep != self.sweep:
                of = "another question, gap, limit, seed or version of planner"
                raise SweepError(f"{file} holds runs of {of}; another folder is accepted")
            if isinstance(variant, str) and isinstance(row, dict) and row.keys() >= set(COLUMNS):
                self.rows[variant] = row

    def begin(self) -> None:
        """Make the folder, and end a line that was cut off.

        Raises:
            OSError: nothing can be written there.
        """
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / RUNS).open("ab+") as stream:
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":
                    stream.write(b"\n")

    def add(self, variant: str, row: Row) -> None:
        """Keep a run that has ended."""
        self.rows[variant] = row
        if self.folder is None:
            return
        with (self.folder / RUNS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"sweep": self.sweep, "variant": variant, "row": row}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def run_sweep(
    instance: Instance,
    variants: Sequence[Variant],
    solver: SolverOptions,
    *,
    folder: Path | None = None,
    jobs: int = 1,
    dask: str | None = None,
    on_run: Callable[[int, int, Row], None] = lambda done, count, row: None,
) -> Sweep:
    """Solve every variant that has not been solved yet. Ctrl-C ends it with the runs that have ended.

    Args:
        instance: the question as it stands.
        folder: where runs are kept and the table is written; nowhere if absent.
        jobs: processes of this machine that solve side by side.
        dask: address of a Dask scheduler, whose workers solve instead.
        on_run: called with the number of runs that have ended, of all, and the row of each that ends.

    Raises:
        InstanceError: a value cannot be set, with every such change.
        SweepError: the folder holds runs of another question.
        OSError: the folder cannot be written.
    """
    data = instance_data(instance)
    _refuse_bad_changes(instance, data, variants)
    kept = _Kept(folder, _digest(data, asdict(solver), __version__))
    kept.read()
    kept.begin()
    ids = {_digest(variant.changes): variant for variant in variants}
    waiting = {id: variant.changes for id, variant in ids.items() if id not in kept.rows}
    done, failed = len(ids) - len(waiting), dict[str, Row]()
    try:
        for id, row in _solved(waiting, data, solver, jobs, dask):
            if row["status"] == INTERRUPTED:
                break
            if row["status"] == FAILED:
                failed[id] = row
                continue
            kept.add(id, row)
            done += 1
            on_run(done, len(ids), row)
    except KeyboardInterrupt:
        pass
    except BrokenProcessPool:
        pass  # a process was killed, for want of memory most often: what it was at is missing, and can be asked again
    sweep = _table(variants, kept.rows | failed)
    if folder is not None:
        from planner.files import write_together

        write_together(folder, (TABLE, sweep.to_csv()), {})
    return sweep


def _refuse_bad_changes(base: Instance, data: Mapping[str, Any], variants: Sequence[Variant]) -> None:
    """Try every scenario, and every value of an axis alone or else in its combinations, before anything is solved.

    Raises:
        InstanceError: with the faults of all that can never be made. What only some combinations of values make invalid
            is a row of its own.
        SweepError: variants count in other currencies or minimise other things, so that a table of them says nothing.
    """
    faults: list[Fault] = []
    of_change: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for variant in variants:
        for changes in ((change,) for change in variant.changes) if variant.values else (variant.changes,):
            of_change.setdefault(changes, []).append(variant.changes)
    for changes, whole in of_change.items():
        found = faults_of(base, data, changes)
        if found and all(faults_of(base, data, combination) for combination in whole[:MOST_TRIED]):
            faults += found
    if faults:
        raise InstanceError(list(dict.fromkeys(faults)))


def faults_of(base: Instance, data: Mapping[str, Any], changes: Sequence[str]) -> Sequence[Fault]:
    """Faults of an instance with changes made; none where they can be made.

    Raises:
        SweepError: it counts in another currency or minimises something else than ``base``.
    """
    try:
        instance = parse_instance(data, changes=changes)
    except InstanceError as error:
        return error.faults
    if (instance.objective, instance.currency.unit) != (base.objective, base.currency.unit):
        raise SweepError(f"found {', '.join(changes)}; sums of another objective or currency cannot stand in one table")
    return ()


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _solved(
    waiting: Mapping[str, tuple[str, ...]],
    data: Mapping[str, Any],
    solver: SolverOptions,
    jobs: int,
    dask: str | None,
) -> Iterator[tuple[str, Row]]:
    """Runs as they end."""
    if dask is not None:
        yield from _on_many(waiting, data, solver, dask)
    elif jobs == 1 or len(waiting) <= 1:
        for id, changes in waiting.items():
            yield id, solve_variant(data, changes, solver)
    else:
        yield from _side_by_side(waiting, data, solver, jobs)


def _side_by_side(
    waiting: Mapping[str, tuple[str, ...]], data: Mapping[str, Any], solver: SolverOptions, jobs: int
) -> Iterator[tuple[str, Row]]:
    """By processes of this machine, which Ctrl-C of a terminal does not reach: who asked for them ends them."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(waiting)), mp_context=context, initializer=os.setpgrp)
    try:
        futures = {pool.submit(solve_variant, data, changes, solver): id for id, changes in waiting.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _on_many(
    waiting: Mapping[str, tuple[str, ...]], data: Mapping[str, Any], solver: SolverOptions, address: str
) -> Iterator[tuple[str, Row]]:
    """By the workers of a Dask scheduler; a run whose worker is lost is given to another."""
    try:
        import distributed
    except ImportError:
        raise SweepError("found no Dask; pip install 'ai-capacity-planner[dask]' brings it") from None
    with distributed.Client(address) as client:
        shared = client.scatter(dict(data), broadcast=True)
        futures = {
            client.submit(solve_variant, shared, changes, solver, key=f"planner-{id}", pure=False): id
            for id, changes in waiting.items()
        }
        try:
            for future in distributed.as_completed(list(futures)):
                yield futures[future], future.result()
        finally:
            client.cancel(list(futures))


def _table(variants: Sequence[Variant], rows: Mapping[str, Row]) -> Sweep:
    """The runs that have ended, labelled by what they decide."""
    keys = tuple(dict.fromkeys(key for variant in variants for key in variant.values))
    labels: dict[frozenset[tuple[str, str]], str] = {}
    table: list[Row] = []
    for number, variant in enumerate(variants, start=1):
        row = rows.get(_digest(variant.changes))
        if row is not None:
            decided = frozenset((server, site) for _, server, site in row["fleet"])
            label = labels.setdefault(decided, _label(len(labels))) if decided else ""
            table.append({"run": number, "name": variant.name, **variant.values, "decision": label, **row})
    return Sweep(keys, tuple(table), len(variants) - len(table))


def _label(number: int) -> str:
    """A to Z, then A2 and so on."""
    round_, letter = divmod(number, len(LABELS))
    return LABELS[letter] + (str(round_ + 1) if round_ else "")
