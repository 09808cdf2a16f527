"""How one replica of a served model is spread over devices.

A replica is tensor parallel within the scale-up domain, and a pipeline over servers where one domain cannot hold the
model. A mixture of experts may also be wide: groups of tensor-parallel devices, each with requests of its own
(data-parallel attention), share one copy of the experts. Sources: Pope et al., arXiv:2211.05102, section 3;
DeepSeek-AI, DeepSeek-V3, arXiv:2412.19437, section 3.4 (wide expert parallelism, data-parallel attention).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from planner.engineering.performance.device import Device
from planner.engineering.performance.models import Model

MOST_SERVERS = 16
"""Servers that one pipeline may span."""
WIDE_SERVERS = (2, 4, 8, 16)
"""Servers over which wide expert parallelism is tried (DeepSeek runs 4 for prompts and 18 for outputs)."""
WIDE_TENSOR = (1, 2, 4)
"""Tensor-parallel devices of one group of a wide replica that are tried."""


@dataclass(frozen=True)
class ServingLayout:
    """How one replica is spread over devices."""

    tensor_parallel: int
    pipeline_parallel: int = 1
    expert_parallel: int = 1
    """Devices over which whole experts are divided; 1 for a dense model."""
    data_parallel: int = 1
    """Groups of tensor-parallel devices, each with requests of its own, that share one copy of the experts."""

    @property
    def devices(self) -> int:
        """Devices of the replica."""
        return self.tensor_parallel * self.pipeline_parallel * self.data_parallel

    @property
    def groups(self) -> int:
        """Groups of requests in flight side by side: one in each pipeline stage or data-parallel group."""
        return self.pipeline_parallel * self.data_parallel


ATTENTION = ("tensor", "data")
"""How attention may be spread: over tensor-parallel devices, or with requests of their own for groups of them."""


def layouts(model: Model, device: Device, devices: int | None, attention: str | None = None) -> Iterator[ServingLayout]:
    """Layouts of ``devices`` devices, or of every size: powers of two, the whole domain, then whole servers.

    With ``attention``, those alone whose attention is spread so.
    """
    for layout in _layouts(model, device, devices):
        if attention is None or (layout.data_parallel > 1) == (attention == "data"):
            yield layout


def _layouts(model: Model, device: Device, devices: int | None) -> Iterator[ServingLayout]:
    domain = device.scale_up_size
    widths = [1 << n for n in range(domain.bit_length()) if 1 << n <= domain]
    if domain not in widths:
        widths.append(domain)
    usable = [width for width in widths if model.heads % width == 0]
    widest = max(width for width in usable if domain % width == 0)
    if devices is not None:
        width = widest if devices > domain else max(width for width in usable if devices % width == 0)
        if devices % width == 0 and devices // width <= model.layers:
            yield _narrow(model, width, devices // width)
        if devices <= domain or (devices % domain == 0 and device.scale_out_gbs_per_device > 0):
            yield from _wide(model, devices)
        return
    for width in widths:
        if width in usable:
            yield _narrow(model, width, 1)
        yield from _wide(model, width)
    if device.scale_out_gbs_per_device > 0:
        for servers in WIDE_SERVERS:
            yield from _wide(model, servers * domain)
        stages = domain // widest
        for servers in range(2, min(MOST_SERVERS, model.layers // stages) + 1):
            yield _narrow(model, widest, servers * stages)


def _narrow(model: Model, tensor_parallel: int, pipeline_parallel: int) -> ServingLayout:
    experts = tensor_parallel if model.experts and model.experts % tensor_parallel == 0 else 1
    return ServingLayout(tensor_parallel, pipeline_parallel, experts)


def _wide(model: Model, devices: int) -> Iterator[ServingLayout]:
    """Layouts of so many devices with data-parallel attention; none without experts for each."""
    if devices > model.experts:
        return
    for tensor in WIDE_TENSOR:
        if devices % tensor == 0 and devices > tensor and model.heads % tensor == 0:
            yield ServingLayout(tensor, 1, devices, devices // tensor)
