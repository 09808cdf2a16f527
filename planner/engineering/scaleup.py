"""Scale-up domains: accelerators on switches of their own, below the scale-out network, and the optics they take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScaleUp:
    """The switches and optics of one scale-up domain.

    Attributes:
        accelerators: of the domain.
        lower_switches, upper_switches: switches by tier.
        optic_ends: pluggable modules, both ends counted.
    """

    accelerators: int
    lower_switches: int
    upper_switches: int
    optic_ends: int

    @property
    def ends_per_accelerator(self) -> float:
        return self.optic_ends / self.accelerators


def nvlink_tree(
    accelerators: int,
    *,
    links: int = 18,
    links_per_optic: int = 4,
    chassis: int = 8,
    lower_per_chassis: int = 3,
    upper_ports: int = 128,
) -> ScaleUp:
    """NVLink switches in two tiers: copper to the first, optics from the first to the second, nothing oversubscribed.

    DGX GH200: 96 and 36 switches, 2,304 modules of 800G, nine for each accelerator (NVIDIA Hopper architecture pages):

    >>> found = nvlink_tree(256)
    >>> found.lower_switches, found.upper_switches, found.optic_ends, found.ends_per_accelerator
    (96, 36, 2304, 9.0)

    Args:
        links: scale-up links of an accelerator, each going up once.
        links_per_optic: links that one module carries.
        chassis: accelerators of a chassis, with ``lower_per_chassis`` first-tier switches.
        upper_ports: links of a second-tier switch.

    Raises:
        ValueError: the accelerators do not fill whole chassis.
    """
    if accelerators < 1 or accelerators % chassis:
        raise ValueError(
            f"{accelerators} accelerators do not fill chassis of {chassis}; "
            f"the nearest that do are {max(accelerators // chassis, 1) * chassis}"
        )
    up = accelerators * links
    return ScaleUp(
        accelerators,
        accelerators // chassis * lower_per_chassis,
        -(-up // upper_ports),
        2 * -(-up // links_per_optic),
    )


def copper_backplane(accelerators: int, switches: int) -> ScaleUp:
    """One tier of switches on a copper backplane: no optics (GB200 NVL72: 9 trays of two switches).

    >>> copper_backplane(72, 18).ends_per_accelerator
    0.0
    """
    return ScaleUp(accelerators, switches, 0, 0)


def optical_ends(gbps_each: float, port_gbps: float, tiers: int = 1) -> float:
    """Optical ends for each accelerator of a non-blocking scale-up network with optics on every tier.

    CloudMatrix 384: 2.8 Tb/s over 400G ports takes 14, besides the 4 of two tiers of scale-out:

    >>> optical_ends(2800, 400), optical_ends(2800, 400) + optical_ends(400, 400, tiers=2)
    (14.0, 18.0)
    """
    return gbps_each / port_gbps * 2 * tiers
