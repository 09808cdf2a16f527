"""What a performance model needs to know of one accelerator in its server and network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, cast, get_args

if TYPE_CHECKING:
    from planner.catalogue.entries import Accelerator, Server

GENERATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "volta": ("v100",),
        "turing": ("t4",),
        "ampere": ("a100", "a800", "a30", "a10", "a40"),
        "ada": ("l4", "l2", "l20", "l40", "l40s", "rtx-4090", "rtx-6000"),
        "hopper": ("h100", "h800", "h200", "h20", "gh200"),
        "blackwell": ("b100", "b200", "b300", "b30a", "gb200", "gb300", "rtx-5090", "rtx-pro-6000"),
        "cdna2": ("mi210", "mi250x"),
        "cdna3": ("mi300x", "mi308x", "mi325x"),
        "cdna4": ("mi350x", "mi355x"),
        "gaudi": ("gaudi",),
        "tpu": ("tpu",),
        "trainium": ("trainium",),
        "ascend": ("ascend",),
    }
)
"""Generation -> first parts of the catalogue ids of its accelerators."""
BRIDGED = ("a100-pcie", "a800-pcie", "a30", "a40", "h100-pcie", "h100-nvl", "h200-nvl")
"""Cards whose scale-up link is a bridge between two: a collective over the server runs at their host link (NVIDIA
datasheets of these cards)."""
HOST_LINK_GBS = 64.0
"""PCIe 4.0 x16, both directions added: taken where the catalogue has no host link."""
OTHER = "other"
GBIT_PER_GBYTE = 8


@dataclass(frozen=True)
class Device:
    """One accelerator in a server. Peaks are dense; tera is 1e12, giga 1e9."""

    name: str
    generation: str
    """Key of the calibration tables, e.g. ``ampere``."""
    peak_tflops: Mapping[str, float]
    """Dense peak by precision (``fp16``, ``fp8``, ``int8``, ``fp4`` ...), those the device has."""
    memory_gb: float
    memory_gbs: float
    scale_up_gbs: float
    """Bandwidth to the accelerators of its scale-up domain, both directions added; the host link where there is no
    other."""
    scale_up_size: int
    """Accelerators of the scale-up domain."""
    scale_out_gbs_per_device: float
    """Share of the server's compute network, GB/s, one direction, oversubscription taken off; 0 without one."""
    host_link_gbs: float
    """Both directions added."""


def generation_of(accelerator_id: str) -> str:
    """Generation of an accelerator by its catalogue id; ``other`` for one that no rule names.

    >>> generation_of("a800-sxm-80"), generation_of("l20"), generation_of("h200-sxm"), generation_of("biren-br100")
    ('ampere', 'ada', 'hopper', 'other')
    """
    for generation, stems in GENERATIONS.items():
        if any(accelerator_id == stem or accelerator_id.startswith(f"{stem}-") for stem in stems):
            return generation
    return OTHER


def device_of(accelerator: Accelerator, server: Server, oversubscription: float = 1.0) -> Device:
    """The accelerator as it stands in a server whose network is oversubscribed by that factor (1 is non-blocking).

    >>> from planner.catalogue import load_catalogue
    >>> catalogue = load_catalogue()
    >>> device = device_of(catalogue.accelerators["a100-sxm-80"], catalogue.servers["dgx-a100"])
    >>> device.scale_up_size, device.scale_up_gbs, device.scale_out_gbs_per_device  # 8 x 200 Gb/s / 8 / 8 bits
    (8, 600.0, 25.0)

    Raises:
        ValueError: the catalogue lacks the memory size, its bandwidth or every peak, or oversubscription is below 1.
    """
    from planner.catalogue.entries import Precision

    if not oversubscription >= 1:
        raise ValueError(f"oversubscription must be at least 1, found {oversubscription:g}")
    peaks = {name: accelerator.peak_tflops(name) for name in cast("tuple[Precision, ...]", get_args(Precision))}
    known = {str(name): peak for name, peak in peaks.items() if peak}
    missing = [
        name
        for name, value in (
            ("peak", known),
            ("memory size", accelerator.memory_gb),
            ("memory bandwidth", accelerator.memory_gbs),
        )
        if not value
    ]
    if missing:
        raise ValueError(f"the catalogue has no {', no '.join(missing)} of {accelerator.id}")
    host_link = accelerator.host_link_gbs or HOST_LINK_GBS
    bridged = accelerator.id.startswith(BRIDGED)
    network = server.compute_ports * server.compute_port_gbps / GBIT_PER_GBYTE / server.accelerators
    return Device(
        name=accelerator.id,
        generation=generation_of(accelerator.id),
        peak_tflops=MappingProxyType(known),
        memory_gb=accelerator.memory_gb or 0,
        memory_gbs=accelerator.memory_gbs or 0,
        scale_up_gbs=host_link if bridged else accelerator.scale_up_gbs or host_link,
        scale_up_size=server.accelerators,
        scale_out_gbs_per_device=network / oversubscription,
        host_link_gbs=host_link,
    )
