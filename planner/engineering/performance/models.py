"""Descriptions of transformer language models, dense and mixture of experts: parameters, FLOPs and KV cache.

Counts cover the weight matrices and embeddings; biases and normalisation (below 0.1 %) are left out. Sources:

- Kaplan et al., Scaling Laws for Neural Language Models, 2020, arXiv:2001.08361, table 1 (FLOPs per token).
- DeepSeek-AI, DeepSeek-V2, 2024, arXiv:2405.04434, section 2 (multi-head latent attention, shared experts).
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Literal

from planner.engineering.performance.tables import read_rows
from planner.errors import PlannerError

ASPECT_RATIO = 128
"""Hidden size over layers of GPT-3 (12288 / 96) and of LLaMA 7B (4096 / 32): what ``bare`` assumes."""
BARE_HEAD_SIZE = 128
BARE_ACTIVE_EXPERTS = 8


class UnknownModelError(PlannerError, ValueError):
    """A model was asked for by a name that no preset has."""


@dataclass(frozen=True)
class Model:
    """A decoder-only transformer."""

    name: str
    layers: int
    hidden: int
    """Width of the residual stream."""
    heads: int
    """Query heads."""
    kv_heads: int
    """Key and value heads: ``heads`` for multi-head, fewer for grouped-query, 1 for multi-query attention."""
    head_size: int
    """Elements of a query, key or value of one head; with latent attention without the rotary part."""
    ffn: int
    """Inner width of the dense feed-forward block; 0 where every layer has experts."""
    vocabulary: int
    sequence: int
    """Tokens of a training sequence."""
    gated: bool = True
    """Three matrices in a feed-forward block (SwiGLU and kin) in place of two."""
    tied_embeddings: bool = False
    """One matrix serves as input and output embedding."""
    learned_positions: int = 0
    """Rows of a table of learned positions; 0 for rotary and other positions without one."""
    attention: Literal["mha", "gqa", "mqa", "mla"] = "mha"
    query_rank: int = 0
    """Latent attention: rank of the query's projection; 0 for a full one."""
    kv_rank: int = 0
    """Latent attention: elements of the compressed key and value."""
    rope_size: int = 0
    """Latent attention: elements of the rotary key shared by all heads."""
    experts: int = 0
    """Routed experts of a layer; 0 for a dense model."""
    active_experts: int = 0
    """Routed experts that one token uses."""
    shared_experts: int = 0
    """Experts that every token uses."""
    expert_ffn: int = 0
    """Inner width of one expert."""
    dense_layers: int = 0
    """Layers of a mixture of experts that have a dense feed-forward block instead."""
    windowed_layers: int = 0
    """Layers whose attention sees the last ``window`` tokens only."""
    window: int = 0

    @property
    def moe_layers(self) -> int:
        """Layers with routed experts."""
        return self.layers - self.dense_layers if self.experts else 0

    @cached_property
    def attention_parameters(self) -> int:
        """Parameters of the attention projections of one layer."""
        if self.attention == "mla":
            query_key = self.heads * (self.head_size + self.rope_size)
            query = self.query_rank * (self.hidden + query_key) if self.query_rank else self.hidden * query_key
            down = self.hidden * (self.kv_rank + self.rope_size)
            up = self.kv_rank * self.heads * 2 * self.head_size
            return query + down + up + self.heads * self.head_size * self.hidden
        return 2 * self.hidden * self.head_size * (self.heads + self.kv_heads)

    @property
    def _ffn_matrices(self) -> int:
        return 3 if self.gated else 2

    @property
    def dense_ffn_parameters(self) -> int:
        """Parameters of one dense feed-forward block."""
        return self._ffn_matrices * self.hidden * self.ffn

    @property
    def expert_parameters(self) -> int:
        """Parameters of one expert."""
        return self._ffn_matrices * self.hidden * self.expert_ffn

    @property
    def routed_parameters(self) -> int:
        """Parameters of all routed experts of all layers: what expert parallelism shards."""
        return self.moe_layers * self.experts * self.expert_parameters

    @property
    def embedding_parameters(self) -> int:
        """Parameters of one embedding matrix (input or output)."""
        return self.vocabulary * self.hidden

    @cached_property
    def parameters(self) -> int:
        """All parameters.

        >>> gpt3 = preset("gpt3-175b")  # 96 x 12 x 12288^2 + (50257 + 2048) x 12288
        >>> round(gpt3.parameters / 1e9, 2)
        174.59
        """
        tables = (1 if self.tied_embeddings else 2) * self.embedding_parameters
        return self._layer_parameters(self.experts) + tables + self.learned_positions * self.hidden

    @cached_property
    def active_parameters(self) -> int:
        """Parameters that one token uses, embeddings included.

        >>> round(preset("mixtral-8x7b").active_parameters / 1e9, 1)
        12.9
        """
        return self.parameters - self.moe_layers * (self.experts - self.active_experts) * self.expert_parameters

    @cached_property
    def matmul_parameters(self) -> int:
        """Parameters that one token is multiplied with: active ones, output embedding included, look-ups not."""
        return self._layer_parameters(self.active_experts) + self.embedding_parameters

    def _layer_parameters(self, experts: int) -> int:
        """Parameters of all layers with ``experts`` routed experts counted in each."""
        dense = (self.layers - self.moe_layers) * self.dense_ffn_parameters
        router = self.hidden * self.experts
        sparse = self.moe_layers * ((experts + self.shared_experts) * self.expert_parameters + router)
        return self.layers * self.attention_parameters + dense + sparse

    def attention_flops_per_token(self, context: float, causal: bool = True) -> float:
        """FLOPs, forward, of one token's attention scores and weighted sum of values over ``context`` tokens.

        4 x layers x heads x head size x context, and half of it on average over a ``causal`` sequence of that
        length. Source: Kaplan, table 1 (which counts half: 2 n d per layer).

        >>> preset("gpt3-175b").attention_flops_per_token(2048, causal=False) == 4 * 96 * 12288 * 2048
        True
        """
        full = self.layers - self.windowed_layers
        seen = full * context * (0.5 if causal else 1)
        if self.windowed_layers:
            within = min(context, self.window)
            mean = within * (1 - within / (2 * context)) if causal and context else within
            seen += self.windowed_layers * mean
        return 2 * self.heads * (2 * self.head_size + self.rope_size) * seen

    def forward_flops_per_token(self, context: float, causal: bool = True) -> float:
        """FLOPs, forward, of one token: 2 per parameter it is multiplied with, and its attention.

        >>> round(preset("gpt3-175b").forward_flops_per_token(2048) / 1e9, 1)  # 2 x 174.56e9 + 2 x 96 x 12288 x 2048
        354.0
        """
        return 2 * self.matmul_parameters + self.attention_flops_per_token(context, causal)

    @property
    def kv_elements_per_token(self) -> int:
        """Elements that the KV cache keeps of one token over all layers; multiply by bytes per element.

        >>> preset("llama-3-70b").kv_elements_per_token  # 2 x 80 layers x 8 heads x 128
        163840
        >>> preset("deepseek-v3").kv_elements_per_token  # 61 layers x (512 + 64)
        35136
        """
        return self.layers * self._kv_elements_per_layer

    @property
    def _kv_elements_per_layer(self) -> int:
        return self.kv_rank + self.rope_size if self.attention == "mla" else 2 * self.kv_heads * self.head_size

    def kv_elements(self, context: float) -> float:
        """Elements of the KV cache of one sequence of ``context`` tokens; windowed layers keep their window.

        >>> preset("gpt-oss-120b").kv_elements(8192) == 2 * 8 * 64 * 18 * (8192 + 128)
        True
        """
        full = (self.layers - self.windowed_layers) * context
        return self._kv_elements_per_layer * (full + self.windowed_layers * min(context, self.window))

    def weight_bytes(self, bytes_per_parameter: float = 2) -> float:
        """Memory of all weights, bytes."""
        return self.parameters * bytes_per_parameter


def bare(parameters: float, active_parameters: float | None = None, sequence: int = 2048) -> Model:
    """A plausible model of which only the parameter count is known.

    Dense: hidden size 128 times the layers as in GPT-3 and LLaMA, heads of 128, hidden size in steps that eight-way
    tensor parallelism divides, no embeddings; the feed-forward width (near 4 x hidden) makes the count exact. With
    ``active_parameters`` the shape follows the active count, 8 of the experts serve a token, and as many experts
    stand beside them as make the total (to within half an expert a layer).

    >>> round(bare(175e9).parameters / 1e9, 2), bare(175e9).hidden, bare(175e9).layers
    (175.0, 12288, 96)
    >>> sparse = bare(671e9, 37e9)
    >>> round(sparse.active_parameters / 1e9, 1), abs(sparse.parameters / 671e9 - 1) < 0.02
    (37.0, True)

    Raises:
        ValueError: a count is not above 0 and finite, or more are active than there are.
    """
    active = parameters if active_parameters is None else active_parameters
    for name, value in (("parameters", parameters), ("active_parameters", active), ("sequence", sequence)):
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be a finite number above 0, found {value:g}")
    if active > parameters:
        raise ValueError(f"active_parameters must be at most parameters ({parameters:g}), found {active:g}")
    wished = (ASPECT_RATIO * active / 12) ** (1 / 3)
    step = next((step for step in (8 * BARE_HEAD_SIZE, BARE_HEAD_SIZE, 8) if wished >= 2 * step), 1)
    hidden = max(1, round(wished / step)) * step
    multiple = 4 if hidden >= 2048 else 1
    layers = max(1, round(active / (12 * hidden**2) / multiple)) * multiple
    heads = max(1, hidden // BARE_HEAD_SIZE)
    head_size = hidden // heads
    dense = Model(
        name=f"{parameters / 1e9:g}B" if active == parameters else f"{parameters / 1e9:g}B-A{active / 1e9:g}B",
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        head_size=head_size,
        ffn=0,
        vocabulary=0,
        sequence=int(sequence),
        gated=False,
    )
    feed_forward = active / layers - dense.attention_parameters
    if active == parameters:
        return dataclasses.replace(dense, ffn=max(1, round(feed_forward / (2 * hidden))))
    spare, experts = (parameters - active) / layers, BARE_ACTIVE_EXPERTS
    for _ in range(8):  # the router, hidden x experts, comes out of the active parameters
        used = max(feed_forward - hidden * experts, 0.1 * feed_forward, 1.0)
        experts = BARE_ACTIVE_EXPERTS + max(1, round(BARE_ACTIVE_EXPERTS * spare / used))
    expert_ffn = max(1, round(used / (2 * hidden * BARE_ACTIVE_EXPERTS)))
    return dataclasses.replace(dense, experts=experts, active_experts=BARE_ACTIVE_EXPERTS, expert_ffn=expert_ffn)


@cache
def presets() -> Mapping[str, Model]:
    """Models of ``planner/catalogue/data/models.csv`` by id.

    >>> len(presets()) >= 40
    True
    """
    return MappingProxyType({row["id"]: _typed(row) for row in read_rows("models.csv")})


def preset(id: str) -> Model:
    """A known model by its id.

    >>> preset("llama-2-70b").layers
    80

    Raises:
        UnknownModelError: no preset has this id; the nearest ids are named.
    """
    known = presets()
    if id not in known:
        near = difflib.get_close_matches(id.lower(), known, n=3, cutoff=0.4)
        raise UnknownModelError(f"found no model {id!r}; {', '.join(near or known)} are accepted")
    return known[id]


def model_rows() -> list[dict[str, Any]]:
    """The presets for a listing: shape, counts computed from it, and where each comes from.

    >>> model_rows()[0]["parameters"] == preset("gpt3-175b").parameters
    True
    """
    rows = []
    for row in read_rows("models.csv"):
        model = preset(row["id"])
        counts = {"parameters": model.parameters, "active_parameters": model.active_parameters}
        dated = {"source": row["source"], "as_of": row["as_of"], "estimate": row["estimate"] == "true"}
        rows.append({"id": row["id"], **dataclasses.asdict(model), **counts, **dated, "note": row["note"]})
    return rows


def _typed(row: Mapping[str, str]) -> Model:
    """A row of the file; empty cells keep the default."""
    cells: dict[str, Any] = {}
    for field in dataclasses.fields(Model):
        text = row.get(field.name)
        if text:
            kind = str(field.type)
            cells[field.name] = int(text) if kind == "int" else text == "true" if kind == "bool" else text
    return Model(**cells)
