"""Wide expert parallelism, pools with layouts of their own, drafted tokens: hand arithmetic and published services."""

from __future__ import annotations

import dataclasses
import math

import pytest

from planner.catalogue import load_catalogue
from planner.engineering.performance import kv
from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.disaggregated import balanced, pools_at
from planner.engineering.performance.inference import DoesNotServe, estimate_replicas, estimate_serving, service_of
from planner.engineering.performance.inference_calibration import constants_of
from planner.engineering.performance.models import preset
from planner.engineering.performance.replicas import Replica
from planner.engineering.performance.server_types import Queries, queries_on
from planner.engineering.performance.service import Service
from planner.engineering.performance.serving import StepCost, steady_state, step_cost
from planner.engineering.performance.serving_layouts import ServingLayout, layouts
from planner.engineering.performance.serving_links import links
from planner.units import SECONDS_PER_DAY

DEEPSEEK = preset("deepseek-v3")
TENSOR_8, DATA_8 = ServingLayout(8, 1, 8), ServingLayout(1, 1, 8, 8)


def device(server: str) -> Device:
    catalogue = load_catalogue()
    row = catalogue.servers[server]
    return device_of(catalogue.accelerators[row.accelerator], row)


H800, H200, GB200, B200 = (device(name) for name in ("hgx-h800-oem", "dgx-h200", "gb200-nvl72", "dgx-b200"))


def plain_cost(**changed: float) -> StepCost:
    zero = {field.name: 0.0 for field in dataclasses.fields(StepCost) if field.default is dataclasses.MISSING}
    return StepCost(**{**zero, "token_s": 1e-4, "dense_read_s": 1e-2, "overhead_s": 2e-3, **changed})  # type: ignore[arg-type]


# Layouts and memory


def test_wide_layouts_are_for_mixtures_of_experts_and_share_each_expert_once() -> None:
    wide = [each for each in layouts(DEEPSEEK, H800, None) if each.data_parallel > 1]
    assert {each.devices for each in wide} == {2, 4, 8, 16, 32, 64, 128}
    assert all(each.expert_parallel == each.devices <= DEEPSEEK.experts for each in wide)
    assert not [each for each in layouts(preset("llama-3-70b"), H800, None) if each.data_parallel > 1]
    assert {each.devices for each in layouts(DEEPSEEK, GB200, None) if each.data_parallel > 1} >= {32, 64, 72, 144}
    assert all(each.data_parallel > 1 for each in layouts(DEEPSEEK, H200, 8, "data"))
    assert [each.data_parallel for each in layouts(DEEPSEEK, H200, 8, "tensor")] == [1]


def test_a_latent_cache_is_not_copied_to_devices_with_requests_of_their_own() -> None:
    """8 H200 of 126.9 GB, 35,136 bytes a token and 1,000 tokens: 35.1 MB a request.

    Tensor parallel: 673 / 8 = 84.1 GB of weights a device, each device holds all requests: 42.8 / 0.0351 = 1,218.
    Data parallel: 654 / 8 + 19 = 100.6 GB, each device its own: 8 x 26.3 / 0.0351 = 5,990.
    """
    asked = {"precision": "fp8", "kv_precision": "fp8"}
    copied = kv.requests_that_fit(DEEPSEEK, 141, 1000, TENSOR_8, **asked)
    own = kv.requests_that_fit(DEEPSEEK, 141, 1000, DATA_8, **asked)
    assert copied == pytest.approx(1218, rel=0.01)
    assert own == pytest.approx(5990, rel=0.02)


def test_the_fullest_device_holds_whole_experts() -> None:
    """256 experts over 72 devices: four on the fullest, as on 64; over 128: two."""

    def experts_gb(devices: int) -> float:
        layout = ServingLayout(1, 1, devices, devices)
        every = kv.device_weights_bytes(DEEPSEEK, "fp8", layout)
        return (every - (kv.weights_bytes(DEEPSEEK, "fp8") - DEEPSEEK.routed_parameters)) / 1e9

    assert experts_gb(72) == pytest.approx(experts_gb(64)) == pytest.approx(4 * 58 * 44.04e6 / 1e9, rel=1e-3)
    assert experts_gb(128) == pytest.approx(2 * 58 * 44.04e6 / 1e9, rel=1e-3)


# Links


def test_a_token_crosses_to_the_devices_of_its_experts() -> None:
    """DeepSeek-V3 over 16 H800: 8 experts fall on 16 x (1 - (15 / 16)^8) = 6.45 devices, of them 7 / 16 in the own
    server and half in the other; 58 layers x 7,168 x (1 + 2) bytes = 1.247 MB each.

    Scale-up 200 GB/s x 0.75, network 50 GB/s x 0.9: 23.5 us + 89.4 us. A prompt token crosses the network once, to
    2 x (1 - 2^-8) x 1 / 2 = 1.0 servers: 27.6 us, and 6.45 x 15 / 16 x 1.247 MB / 150 GB/s = 50.3 us.
    """
    constants = dataclasses.replace(
        constants_of("hopper"), exchange_efficiency=0.75, network_efficiency=0.9, exchange_us=5, all_to_all_us=20
    )
    assert H800.scale_out_gbs_per_device == 50
    found = links(DEEPSEEK, H800, constants, ServingLayout(1, 1, 16, 16), 1.0)
    assert found.exchange_s == pytest.approx(23.5e-6 + 89.4e-6, rel=0.01)
    assert found.prompt_exchange_s == pytest.approx(27.6e-6 + 50.3e-6, rel=0.01)
    assert found.token_s == 0
    assert found.step_s == pytest.approx(2 * 58 * 25e-6)


def test_exchanges_overlap_with_what_is_computed_where_two_batches_take_turns() -> None:
    """10 tokens: 10 ms of reads, 1 ms of products, exchange of 1 ms each: hypot(10.05, 10) + 2; else the sum."""
    turns = plain_cost(exchange_s=1e-3)
    local = (1e-3**2 + 1e-2**2) ** 0.5
    assert turns.step_s(10, 0) == pytest.approx((local**2 + 1e-2**2) ** 0.5 + 2e-3)
    assert dataclasses.replace(turns, overlap=False).step_s(10, 0) == pytest.approx(local + 1e-2 + 2e-3)


def test_the_experts_that_a_step_reads_are_those_of_all_groups() -> None:
    """Four groups of two tokens at 8 of 256 experts each: 1 - (1 - 8 / 256)^8 = 22.4 % are read."""
    cost = plain_cost(experts_read_s=1.0, expert_missed=1 - 8 / 256)
    found = dataclasses.replace(cost, groups=4).parts(2, 0).read_s - cost.dense_read_s
    assert found == pytest.approx(1 - (1 - 8 / 256) ** 8)


def test_few_heads_on_a_device_fill_no_tile_of_latent_attention() -> None:
    """128 heads over 8 devices are 16: their attention takes the time of 64, a quarter of the rate; alone all of it."""
    asked = {"precision": "fp8", "kv_precision": "fp16"}
    narrow = step_cost(DEEPSEEK, H200, constants_of("hopper"), TENSOR_8, **asked)
    own = step_cost(DEEPSEEK, H200, constants_of("hopper"), DATA_8, **asked)
    assert narrow.attended * narrow.context_compute_s == pytest.approx(4 * own.context_compute_s / 8)
    assert own.attended == 1


def test_only_models_with_experts_or_latent_attention_launch_slower_on_some_makers_software() -> None:
    """Llama 3 70B takes 80 layers x the engine's overhead on any device; DeepSeek-V3 that times the generation's."""
    mi300x = device("mi300x-8")
    constants = constants_of("cdna3", "sglang")
    asked = {"precision": "fp8", "kv_precision": "fp8"}
    dense = step_cost(preset("llama-3-70b"), mi300x, constants, ServingLayout(8), **asked)
    assert dense.overhead_s == pytest.approx(80 * constants.layer_overhead_us * 1e-6)
    layers = 61 * (constants.layer_overhead_us + constants.latent_layer_overhead_us)
    sparse = step_cost(DEEPSEEK, mi300x, constants, TENSOR_8, **asked)
    each = layers + 58 * constants.expert_layer_overhead_us
    assert sparse.overhead_s == pytest.approx(constants.overhead_factor * each * 1e-6)


# Drafted tokens


def test_drafted_tokens_divide_the_time_of_a_step() -> None:
    """One request: hypot(0.1, 10) + 2 = 12.0 ms a token; with one drafted hypot(0.2, 10) + 2 = 12.002 ms for 1.85."""
    plain = steady_state(plain_cost(), 1, 1, 1001)
    drafting = steady_state(plain_cost(written=2, tokens_per_step=1.85), 1, 1, 1001)
    assert plain.tpot_s == pytest.approx(12.0e-3, rel=1e-3)
    assert drafting.tpot_s == pytest.approx(12.002e-3 / 1.85, rel=2e-3)
    assert Service(1, 1, "fp8", "fp8", draft_tokens=3, draft_acceptance=0.5).tokens_per_step == 1.875


def test_drafting_helps_a_small_batch_and_is_refused_by_halves() -> None:
    asked = {"devices": 8, "tokens_in": 1000, "tokens_out": 1000, "precision": "fp8"}
    few = {**asked, "concurrency": 4}
    plain = estimate_serving(DEEPSEEK, H200, **few)
    drafting = estimate_serving(DEEPSEEK, H200, **few, draft_tokens=1, draft_acceptance=0.85)
    assert 1.3 < plain.tpot_s / drafting.tpot_s < 1.85
    useless = estimate_serving(DEEPSEEK, H200, **few, draft_tokens=1, draft_acceptance=0.0)
    assert useless.tpot_s > plain.tpot_s
    with pytest.raises(ValueError, match="found draft_tokens without draft_acceptance"):
        estimate_serving(DEEPSEEK, H200, **asked, draft_tokens=1)
    with pytest.raises(ValueError, match="draft_acceptance must be from 0 to 1, found 2"):
        estimate_serving(DEEPSEEK, H200, **asked, draft_tokens=1, draft_acceptance=2)


# Pools


def test_pools_have_layouts_of_their_own() -> None:
    found = estimate_serving(
        DEEPSEEK, H800, tokens_in=4384, tokens_out=1211, precision="fp8", tpot_s=0.05, disaggregated=True
    )
    assert found.prefill_layout is not None
    assert found.prefill_layout != found.layout
    assert found.devices == (
        found.prefill_replicas * found.prefill_layout.devices + found.decode_replicas * found.layout.devices
    )
    assert found.tpot_s <= 0.05


def test_prefix_hits_shrink_the_pool_of_prompts() -> None:
    asked = {"tokens_in": 4384, "tokens_out": 1211, "precision": "fp8", "tpot_s": 0.05, "disaggregated": True}

    def share(prefix_hit: float) -> float:
        found = estimate_serving(DEEPSEEK, H800, **asked, prefix_hit=prefix_hit)
        assert found.prefill_layout is not None
        return found.prefill_replicas * found.prefill_layout.devices / found.devices

    assert share(0.8) < share(0.2)


def test_balanced_groups_are_as_good_as_any_of_their_size() -> None:
    """Every ratio up to eight decode replicas, tried one by one."""
    for rates in ((1.0, 3.1, 1, 1), (2.0, 0.7, 8, 16), (5.0, 1.3, 4, 72), (0.4, 0.4, 8, 8)):
        prefill, decode = balanced(*rates)
        before, after, small, large = rates

        def each(p: int, d: int) -> float:
            return min(p * before, d * after) / (p * small + d * large)  # noqa: B023

        best = max(each(p, d) for d in range(1, 9) for p in range(1, 200))
        assert each(prefill, decode) >= 0.95 * best


def test_requests_of_two_pools_are_as_many_as_littles_law_says() -> None:
    service = Service(1000, 500, "fp8", "fp8")
    constants = constants_of("hopper")
    reads, writes = (Replica(DEEPSEEK, H200, layout, service, constants) for layout in (DATA_8, TENSOR_8))
    for requests in (4, 64, 1000):
        found = pools_at(reads, 2, writes, 1, requests)
        assert found.requests_per_s * (found.ttft_s + 499 * found.tpot_s) == pytest.approx(requests, rel=1e-3)


# Published services


def test_deepseeks_own_service_takes_the_nodes_that_it_runs_on() -> None:
    """226.75 nodes of 8 H800 at the mean of a day: 608e9 prompt tokens, of them 342e9 found, and 168e9 written
    (github.com/deepseek-ai/open-infra-index, day 6): 1.387e8 requests of 4,384 / 1,211 tokens. Within 30 %."""
    queries = Queries(DEEPSEEK, 1.387e8, 4384, 1211, 1.0, "fp8", tpot_s=0.05, prefix_hit=0.563, disaggregated=True)
    found = queries_on(queries, load_catalogue().servers["hgx-h800-oem"], H800)
    assert 0.7 * 226.75 <= found.servers <= 1.3 * 226.75
    estimate = found.estimate
    nodes = 1.387e8 / SECONDS_PER_DAY / estimate.requests_per_s * estimate.devices / 8
    assert 0.7 * 226.75 <= nodes <= 1.3 * 226.75


def test_a_small_load_takes_a_small_replica() -> None:
    """0.7 requests/s: one server of 8 holds DeepSeek-V3 and carries them, though 32 devices serve more each."""
    catalogue = load_catalogue()
    small = Queries(DEEPSEEK, 60_000, 1500, 250, precision="fp8", tpot_s=0.05)
    found = queries_on(small, catalogue.servers["dgx-h200"], H200)
    assert (found.servers, found.estimate.devices) == (1, 8)
    asked = {"tokens_in": 1500, "tokens_out": 250, "precision": "fp8", "tpot_s": 0.05}
    assert estimate_serving(DEEPSEEK, H200, **asked).devices > 8


@pytest.mark.parametrize("model", ["llama-3-70b", "mixtral-8x7b", "deepseek-v3"])
@pytest.mark.parametrize("requests_per_s", [0.5, 20, 300])
def test_the_servers_of_a_load_are_the_fewest_over_all_sizes(model: str, requests_per_s: float) -> None:
    service = service_of(1500, 250, "fp8", None, None, 0.05, 0.0, None, None)
    counts = []
    for one in estimate_replicas(preset(model), H200, service):
        each = 8 // one.devices if one.devices <= 8 else 1
        counts.append(math.ceil(requests_per_s / one.requests_per_s / each) * max(1, one.devices // 8))
    queries = Queries(preset(model), requests_per_s * SECONDS_PER_DAY, 1500, 250, precision="fp8", tpot_s=0.05)
    assert queries_on(queries, load_catalogue().servers["dgx-h200"], H200).servers == min(counts)


def test_a_rack_of_72_serves_deepseek_better_than_servers_of_8() -> None:
    """At 50 tokens/s a user at least 1.5 times as much a device: the experts are read by more devices at once."""
    for precision in ("fp8", "fp4"):
        asked = {"tokens_in": 1000, "tokens_out": 1000, "precision": precision, "tpot_s": 0.02}
        for disaggregated in (False, True):
            rack, server = (
                estimate_serving(preset("deepseek-r1"), on, **asked, disaggregated=disaggregated)
                for on in (GB200, B200)
            )
            assert rack.requests_per_s_per_device >= 1.5 * server.requests_per_s_per_device


def test_a_replica_of_several_servers_is_an_option_of_its_own() -> None:
    service = service_of(4384, 1211, "fp8", None, None, 0.05, 0.5, None, None)
    found = estimate_replicas(DEEPSEEK, H800, service, disaggregated=True)
    sizes = [each.devices for each in found]
    assert sizes == sorted(set(sizes))
    assert max(sizes) >= 64
    each = [one.requests_per_s_per_device for one in found]
    assert each == sorted(each)
    assert all(one.low_requests_per_s < one.requests_per_s < one.high_requests_per_s for one in found)
    together = estimate_replicas(DEEPSEEK, H800, service)
    assert {16, 32, 64} <= {one.devices for one in together}


def test_attention_is_settled_or_refused() -> None:
    asked = {"devices": 8, "tokens_in": 1000, "tokens_out": 1000, "precision": "fp8", "concurrency": 256}
    found = {name: estimate_serving(DEEPSEEK, H200, **asked, attention=name) for name in ("tensor", "data")}
    assert found["tensor"].layout.data_parallel == 1
    assert found["data"].layout.data_parallel > 1
    with pytest.raises(ValueError, match="found attention 'none'; tensor, data are accepted"):
        estimate_serving(DEEPSEEK, H200, **asked, attention="none")
    with pytest.raises(DoesNotServe, match="data-parallel attention is for mixtures of experts"):
        estimate_serving(preset("llama-3-70b"), H200, **asked, attention="data")
