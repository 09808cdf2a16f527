"""Files of the user's own catalogue rows, read once into the data of the instance that names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planner.catalogue import load_catalogue
from planner.catalogue.rows import ENTRIES
from planner.errors import Fault

KEY = "catalogue.files"


def embed(data: Any, stated: Any, folder: Path | None, file: str) -> list[Fault]:
    """Put what the files of ``catalogue.files`` hold under ``catalogue.own``; what is wrong with them.

    Args:
        data: of the instance with its changes; changed here.
        stated: of the instance as it was read. Files that it names are read below its folder alone; those that a
            change names, wherever they are.
        folder: of the instance file; None where it has none.
        file: the instance in faults.
    """
    choice = data.get("catalogue") if isinstance(data, dict) else None
    names = choice.get("files") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(names, list) or not names or "own" in choice:
        return []
    from planner.catalogue.own import checked, read_own

    before = stated.get("catalogue") if isinstance(stated, dict) else None
    by_file = before.get("files") if isinstance(before, dict) else None
    faults: list[Fault] = []
    found, digests = [], {}
    for name in dict.fromkeys(name for name in names if isinstance(name, str)):
        path = Path(name)
        if isinstance(by_file, list) and name in by_file:
            if folder is None:
                faults.append(Fault(file, None, KEY, f"found {name!r}; only an instance in a file can name files"))
                continue
            path = folder / name
            if not path.resolve().is_relative_to(folder.resolve()):
                faults.append(Fault(file, None, KEY, f"found {name!r}; a file below the folder of the instance, or one "
                                    "given by --set catalogue.files=[...], is accepted"))  # fmt: skip
                continue
        rows, digest = read_own(path, str(path), faults)
        found += rows
        digests[name] = digest
    packaged = load_catalogue()
    entries, prices = checked(found, {kind: packaged.entries(kind) for kind in ENTRIES}, faults)
    own = {kind: [row.model_dump(mode="json") for row in rows.values()] for kind, rows in entries.items() if rows}
    if prices:
        own["prices"] = [price.model_dump(mode="json") for price in prices]
    choice["own"] = {"sha256": digests, "rows": own} if not faults else {}
    return faults
