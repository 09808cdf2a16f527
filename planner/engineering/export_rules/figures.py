"""The figures of a device that the export rules look at, computed from catalogue columns, never typed."""

from __future__ import annotations

from collections.abc import Mapping

from planner.catalogue.entries import Accelerator

BITS = {
    "fp64_tflops": 64,
    "fp32_tflops": 32,
    "fp16_tflops": 16,
    "fp8_tflops": 8,
    "int8_tops": 8,
    "fp4_tflops": 4,
    "int4_tops": 4,
}
"""Bit length of each rate: the largest input of the multiplication (3A090, technical notes)."""
WORDS = {
    "tpp": "TPP",
    "density": "performance density",
    "io_gbs": "I/O GB/s",
    "memory_gbs": "memory GB/s",
    "memory_plus_io_gbs": "memory and I/O GB/s",
}
LACKING = {
    "tpp": "a rate at any precision",
    "density": "the die area",
    "io_gbs": "the host link",
    "memory_gbs": "the memory bandwidth",
    "memory_plus_io_gbs": "the memory bandwidth or the host link",
}
"""What the catalogue lacks where a figure is unknown."""


def tpp(device: Accelerator) -> float | None:
    """Total processing performance: dense TOPS times bit length, the largest over formats (ECCN 3A090, notes).

    H100: 1,979 TFLOP/s at 8 bit x 8 = 15,832. The rates of a row are those of the whole package, so dies are summed.
    None when the row has no rate.
    """
    return max((rate * bits for rate, bits, _ in _rates(device)), default=None)


def tpp_in_words(device: Accelerator) -> str:
    """TPP with the format that gives it: ``TPP 15,832 (FP8 1,979 x 8 bit)``."""
    if not (rates := _rates(device)):
        return "TPP unknown (no rate in the catalogue)"
    rate, bits, column = max(rates, key=lambda found: found[0] * found[1])
    name = column.partition("_")[0].upper()
    return f"TPP {shown(rate * bits)} ({name} {shown(rate)} x {bits} bit)"


def performance_density(device: Accelerator) -> float | None:
    """TPP over the applicable die area, per mm2 (ECCN 3A090, notes); None when either is unknown.

    H20: 296 x 8 / 814 mm2 = 2.91.
    """
    performance = tpp(device)
    return None if performance is None or device.die_mm2 is None else performance / device.die_mm2


def io_gbs(device: Accelerator) -> float:
    """Transfer rate to other chips in both directions, GB/s: scale-up links and host link, unknown parts as 0."""
    return (device.scale_up_gbs or 0.0) + (device.host_link_gbs or 0.0)


def figures(device: Accelerator) -> Mapping[str, float | None]:
    """Every measure that a rule may set a limit for; None where the catalogue lacks a column."""
    memory, io = device.memory_gbs, io_gbs(device)
    return {
        "tpp": tpp(device),
        "density": performance_density(device),
        "io_gbs": io,
        "memory_gbs": memory,
        "memory_plus_io_gbs": None if memory is None else memory + io,
    }


def shown(value: float) -> str:
    """A figure with its thousands apart, to four significant digits or the whole number.

    >>> shown(15832.0), shown(2395.2), shown(3.1827), shown(5.92)
    ('15,832', '2,395', '3.183', '5.92')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _rates(device: Accelerator) -> list[tuple[float, int, str]]:
    found = [(getattr(device, column), bits, column) for column, bits in BITS.items()]
    return [(rate, bits, column) for rate, bits, column in found if rate is not None]
