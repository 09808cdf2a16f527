"""``planner check``: is the instance valid, what may be chosen, and what was removed and why."""

from __future__ import annotations

from planner.cli.outcome import load, outcomes, print_json
from planner.cli.parameters import AsJson, Changes, InstanceFile
from planner.garbage import collection_paused


def check(file: InstanceFile, changes: Changes = None, as_json: AsJson = False) -> None:
    """Validate an instance; list its options, and those removed and why."""
    with collection_paused(), outcomes(as_json):  # most of the time goes into modules and rows that all stay
        from planner import api
        from planner.report import options as words

        data = words.options_data(api.check(load(file, changes or ())))
        if as_json:
            print_json({"status": "valid", **data})
            return
        from planner.report.terminal import new_console, print_line, print_tables

        console = new_console()
        print_line(console, words.options_sentence(data), "bold green")
        if warning := words.stranded_sentence(data):
            print_line(console, warning, "bold yellow")
        print_tables(console, words.options_tables(data))
        for note in words.note_sentences(data):
            print_line(console, note)
