"""Number formats of a served model's weights: which of them a device can compute, and what serves in place of another.

Weights of 8 or 4 bits may be kept so in memory and computed in 16 (``w8a16``, ``w4a16``), which any device with 16-bit
units does: that is how 4-bit weights are served where matrix units know no 4-bit floats. Sources: Frantar et al., GPTQ,
2022, arXiv:2210.17323; Lin et al., AWQ, 2023, arXiv:2306.00978.
"""

from __future__ import annotations

from collections.abc import Container

from planner.engineering.performance.kv import COMPUTED_IN

INSTEAD = {
    "fp32": ("fp16",),
    "fp8": ("int8", "w8a16"),
    "int8": ("fp8", "w8a16"),
    "fp4": ("w4a16", "w4a8", "fp8"),
    "int4": ("w4a16", "w4a8", "int8"),
    "w4a8": ("w4a16", "int8"),
}
"""Formats of as many bits, or the next, that serve where a device or the performance model lacks one."""


def in_place_of(precision: str, units: Container[str]) -> str:
    """The clause that names what serves in place of a format that a device with these units cannot compute.

    >>> in_place_of("fp4", {"fp16", "fp8", "int8"})
    'w4a16 (weights of 4 bits computed in fp16), w4a8 (weights of 4 bits computed in fp8) or fp8 is accepted'
    >>> in_place_of("fp8", {"fp16", "int8"})
    'int8 or w8a16 (weights of 8 bits computed in fp16) is accepted'
    >>> in_place_of("fp16", {"fp32"})
    ''
    """
    found = []
    for name in INSTEAD.get(precision, ()):
        if COMPUTED_IN[name] in units:
            bits = f" (weights of {name[1]} bits computed in {COMPUTED_IN[name]})" if name.startswith("w") else ""
            found.append(f"{name}{bits}")
    return f"{', '.join(found[:-1])}{' or ' if found[1:] else ''}{found[-1]} is accepted" if found else ""


def refusal(device: str, precision: str, units: Container[str]) -> str | None:
    """Why a device does not serve a format, and what it serves; None where it does.

    >>> refusal("a100-sxm-80", "int4", {"fp16": 312})
    'no kernels of int4 are known; w4a16 (weights of 4 bits computed in fp16) is accepted'
    """
    needed = COMPUTED_IN.get(precision)
    if needed is not None and needed in units:
        return None
    if needed is None:
        return f"no kernels of {precision} are known; {in_place_of(precision, units)}"
    instead = in_place_of(precision, units)
    return f"{device} has no {needed} units{f'; {instead}' if instead else ''}"
