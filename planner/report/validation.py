"""What the performance model predicts beside what was published: ``planner demand validation``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.engineering.performance import validation_inference, validation_training
from planner.report.tables import Table, table
from planner.report.words import UNKNOWN, count

Row = Mapping[str, Any]

GROUP_WORDS = {
    "whole-run": "Device-hours and days of whole runs",
    "weak-scaling": "Megatron-LM weak scaling, 1.7B to 1T on A100",
    "strong-scaling": "Strong scaling of 175B, MegaScale and Megatron-LM",
    "530b-weak-scaling": "Weak scaling of 530B, MegaScale and Megatron-LM",
    "ptd-p": "Tensor, pipeline and data parallelism (PTD-P), 2021",
    "zero-3": "ZeRO-3, 2021",
    "mt-nlg": "MT-NLG 530B",
    "mixture": "DeepSeek-V3",
    "step": "Single steps",
    "fsdp": "Fully sharded MPT models",
    "bridge": "Megatron-Bridge on Hopper and Blackwell",
    "mlperf": "MLPerf GPT-3",
    "other-runs": "Whole runs known roughly",
    "throughput-grid, output_tokens_per_s": "TensorRT-LLM throughput grid",
    "throughput-2023, output_tokens_per_s": "TensorRT-LLM throughput, 2023",
    "serving-points, ttft_ms": "Served runs, time to first token",
    "serving-points, tpot_ms": "Served runs, time per output token",
    "first-token-2023, ttft_ms": "TensorRT-LLM first token, 2023",
    "inferencemax, output_tokens_per_s": "InferenceMAX, throughput",
    "inferencemax, tpot_ms": "InferenceMAX, time per output token",
    "inferencemax, ttft_ms": "InferenceMAX, time to first token",
    "mlperf, output_tokens_per_s": "MLPerf, Llama 2 70B offline",
}
METRIC_UNITS = {"output_tokens_per_s": "token/s", "ttft_ms": "ms", "tpot_ms": "ms"}
FEWEST_ROWS = 10
"""Rows of a class from which the share in its range says something."""
INTRODUCTION = """\
# The performance model against published figures

Made by `planner demand validation --markdown`; a test compares the two. Errors are predicted over published less one.
A row marked `fit` was used to fit the constants; its leave-one-out error is that of a fit without it (for inference:
without all rows of its model on its device). No constant belongs to one run, and no row is left out, but those of
InferenceMAX whose first token takes over 20 s: they are saturated. Its rows are split by run: all rows of a run are
fitted (runs 20308883467, 20356790608, 20621824084, 20720630953, 20764588467, 20815591275, 20860620516, 20905985411 and
21012127808), or all are only tested (the others). `As typed` is the error of a training
run of which a planner gives model, devices, tokens, batch, precision and year, but neither software nor layout; `in
range` whether the 80 % range of that estimate holds the published figure. How the model works:
[performance.md](performance.md).
"""


def validation_data() -> dict[str, Any]:
    """Targets, summary and every row as plain data."""
    return {
        "targets": [dataclasses.asdict(target) for target in _targets()],
        "summary": _summary(),
        "misses": list(misses()),
        "training": validation_training.rows(),
        "inference": validation_inference.rows(),
        "inference_classes": validation_inference.classes(),
    }


def validation_tables() -> tuple[Table, ...]:
    """Targets first, then the tables summed up, then every row."""
    return (target_table(), summary_table(), class_table(), *row_tables())


def validation_page() -> str:
    """The same as Markdown: ``docs/validation.md``."""
    parts = [INTRODUCTION, _markdown(target_table()), "## What misses, and why\n"]
    parts += ["".join(f"- {sentence}\n" for sentence in misses())]
    parts += [_markdown(found) for found in (summary_table(), class_table(), *row_tables())]
    return "\n".join(parts)


def target_table() -> Table:
    """What was asked of the model, what was found, and the rows beyond it."""
    return table(
        "Targets",
        ("target", ">asked", ">found", "met", "rows beyond"),
        (
            (t.what, _measure(t.asked, t.unit), _measure(t.found, t.unit), "yes" if t.met else "no",
             "; ".join(t.missed_by))
            for t in _targets()
        ),
    )  # fmt: skip


def summary_table() -> Table:
    """Errors by table of published figures."""
    return table(
        "Errors by table",
        ("figures", ">rows", ">mean\nerror", ">leave-\none-out", ">worst", "remark"),
        (
            (
                GROUP_WORDS[r["what"]], count(r["rows"]), _percent(r["mean_error"]), _percent(r["leave_one_out"]),
                _signed(r["worst"]), r["note"],
            )
            for r in _summary()
        ),
        "means of absolute errors; leave-one-out of the rows used to fit",
    )  # fmt: skip


def class_table() -> Table:
    """Serving by maker, shape of the model and figure: errors of rows only tested, and whether ranges hold."""
    return table(
        "Serving by maker and shape of the model",
        ("maker", "model", "figure", ">rows only\ntested", ">mean error", ">asked", ">of them\nin the range",
         ">rows\nfitted", ">of them in the\nrange, left out"),
        (
            (
                r["maker"], r["shape"], validation_inference.METRIC_WORDS[r["metric"]], count(r["test_rows"]),
                _percent(r["test_error"]), _percent(r["target"]), _percent(r["test_in_range"]),
                count(r["left_out_rows"]), _percent(r["left_out_in_range"]),
            )
            for r in validation_inference.classes()
        ),
        "the range is the middle 80 % of each prediction; of unseen rows it should hold 70 to 90 %",
    )  # fmt: skip


def row_tables() -> Iterable[Table]:
    """Every published row beside its prediction, one table for each series."""
    every = validation_training.rows()
    for group in dict.fromkeys(row["group"] for row in every):
        rows = [row for row in every if row["group"] == group]
        yield _row_table(group, rows, ("grade", "source", "note"))
    served = validation_inference.rows()
    for series, metric in dict.fromkeys((row["series"], row["metric"]) for row in served):
        rows = [row for row in served if (row["series"], row["metric"]) == (series, metric)]
        shown = [{**row, "unit": METRIC_UNITS[metric], "in range": "yes" if row["in_range"] else "no"} for row in rows]
        last = ("in range", "run", "source") if any(row["run"] for row in rows) else ("in range", "source")
        yield _row_table(f"{series}, {metric}", shown, last)


def misses() -> tuple[str, ...]:
    """Where the model is off, by how much, and why as far as is known."""
    found = {row["what"]: row for row in _summary()}

    def mean(what: str) -> str:
        return _percent(found[what]["mean_error"])

    targets = {target.what: target for target in _targets()}
    runs = targets["whole runs, worst error of device-hours"]
    known, rough = found["whole-run"], found["other-runs"]
    typed = validation_training.typed_targets()
    number = known["rows"] + rough["rows"]
    together = (known["rows"] * known["mean_error"] + rough["rows"] * rough["mean_error"]) / number
    return (
        f"Whole runs are off by {mean('whole-run')} on average, just within 15 %. Beyond 35 % are "
        f"{' and '.join(runs.missed_by)}: their published hours imply 16 and 14 % utilisation, a third of other runs, "
        "on device counts that are assumed.",
        f"Whole runs known roughly are off by {mean('other-runs')}: rounded durations, assumed devices, restarts by "
        f"hand. All {number} whole runs together are off by {_percent(together)}.",
        f"As a planner would type them, device-hours of the test rows are off by {_percent(typed[0].found)}, of models "
        f"up to 20 billion parameters by {_percent(typed[1].found)}, of larger ones by {_percent(typed[2].found)}. "
        "Small models come out too fast: the model takes the best layout, and their teams made everything again in the "
        "backward pass (Pythia, BloombergGPT, MPT) or left speed aside (StarCoder; Llama 3 8B at 14 "
        "to 16 %). None of it follows from what a planner types, so that the range has to hold it.",
        f"Time to first token of served runs is off by {mean('serving-points, ttft_ms')}, of InferenceMAX by "
        f"{mean('inferencemax, ttft_ms')}. The queue that a run opens with is in these predictions. What misses most "
        "are runs of two pools, whose prompts wait longer than the model has it. There was no target; for a tight one, "
        "plan with measurements of your own.",
        *_serving_misses(),
        f"ZeRO-3 of 2021 is off by {mean('zero-3')}: its software used the links badly, and one constant, carried by "
        "one row, stands for it.",
        f"Runs of Megatron-Bridge are off by {mean('bridge')}: gpt-oss and Qwen3 30B train up to "
        f"{1 + found['bridge']['worst']:.1f} times as fast in the model as measured. Kernels for many small experts "
        "are not tuned as the model takes them to be.",
        f"MT-NLG is off by {mean('mt-nlg')}, all too fast: DeepSpeed's pipeline loses more than its single chunk "
        "explains.",
        f"The leave-one-out error of single steps is {_percent(found['step']['leave_one_out'])}: V100 is known from "
        "one row alone, and without it nothing tells its share of peak.",
    )


def _serving_misses() -> Iterable[str]:
    """Classes of served rows whose error or range is not what was asked."""
    least, most = validation_inference.COVERAGE
    for one in validation_inference.classes():
        name = f"{one['maker']}, {one['shape']}, {validation_inference.METRIC_WORDS[one['metric']]}"
        if one["target"] is not None and one["test_rows"] and one["test_error"] > one["target"]:
            yield (
                f"{name}: rows only tested are off by {_percent(one['test_error'])}, beyond {_percent(one['target'])}."
            )
        held = one["test_in_range"]
        if held is not None and one["test_rows"] >= FEWEST_ROWS and not least <= held <= most:
            yield (
                f"{name}: the 80 % range holds {_percent(held)} of the {one['test_rows']} rows only tested, where 70 "
                "to 90 % were asked for."
            )


def _targets() -> Sequence[Any]:
    return validation_training.targets() + validation_inference.targets()


def _summary() -> list[dict[str, Any]]:
    return validation_training.summary() + validation_inference.summary()


def _row_table(group: str, rows: Sequence[Row], last: Sequence[str]) -> Table:
    """Columns that are empty throughout are left out; what every row says stands once below."""
    shared = {name for name in last if len({row[name] for row in rows}) == 1}
    columns = [name for name in last if name not in shared]
    typed = (">as\ntyped", "in\nrange") if "as_typed" in rows[0] else ()
    note = "; ".join(f"{name}: {rows[0][name].rstrip('.')}" for name in last if name in shared and rows[0][name])
    return table(
        GROUP_WORDS[group],
        ("figure", ">published", ">predicted", "unit", ">error", *typed, ">leave-\none-out", "used", *columns),
        (
            (
                row["what"], _number(row["published"]), _number(row["predicted"]), row["unit"], _signed(row["error"]),
                *_as_typed(row), _signed(row["leave_one_out"]), "fit" if row["used_to_fit"] else "",
                *(row[name] for name in columns),
            )
            for row in rows
        ),
        note,
    )  # fmt: skip


def _as_typed(row: Row) -> tuple[str, ...]:
    """Error as a planner would type the run, and whether its range holds it; nothing for rows without."""
    if "as_typed" not in row:
        return ()
    return _signed(row["as_typed"]), UNKNOWN if row["in_range"] is None else "yes" if row["in_range"] else "no"


def _markdown(found: Table) -> str:
    """A section with the table in it."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"

    headings = found.headings()
    lines = [f"## {found.title}", ""]
    lines += [
        line(_one_line(name) for name, _ in headings),
        line("---:" if number else "---" for _, number in headings),
    ]
    lines += [line(row) for row in found.rows]
    lines += ["", found.note[0].upper() + found.note[1:] + "."] if found.note else []
    return "\n".join(lines) + "\n"


def _one_line(heading: str) -> str:
    return heading.replace("-\n", "-").replace("\n", " ")


def _measure(value: float, unit: str) -> str:
    """A target or what was found, in its unit.

    >>> _measure(0.15, "%"), _measure(4.535, "points"), _measure(0.9, "")
    ('15.0 %', '4.5 points', '0.90')
    """
    if unit == "%":
        return _percent(value)
    return f"{value:.1f} {unit}" if unit else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.1f} %"


def _signed(value: float | None) -> str:
    return UNKNOWN if value is None else f"{round(100 * value, 1) + 0.0:+.1f} %"


def _number(value: float | None) -> str:
    """Four digits, whole numbers from there on.

    >>> _number(1022362.0), _number(4.53), _number(0.0421), _number(None)
    ('1,022,362', '4.53', '0.0421', '-')
    """
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
