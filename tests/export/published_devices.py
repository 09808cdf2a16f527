"""Published figures of the devices that the export rules are argued about, and classes that follow from them.

Vendor datasheets as collected by public export-control trackers (2026-03 to 2026-07); die areas by the same.
"""

from __future__ import annotations

# TPP, die mm2, performance density, I/O GB/s in both directions, memory GB/s; None where no figure is public.
PARAMETERS = {
    "v100-sxm2-32": (2000, 815, 2.45, 332, 900),
    "t4": (1040, 545, 1.91, 32, 320),
    "a10": (2000, 628.4, 3.18, 64, 600),
    "a30": (2644, 826, 3.20, 264, 933),
    "a40": (2395.2, 628.4, 3.81, 176.5, 696),
    "a100-sxm-80": (4992, 826, 6.04, 664, 2039),
    "a800-sxm-80": (4992, 826, 6.04, 464, 2039),
    "l2": (1544, 294.5, 5.24, 64, 300),
    "l4": (1940, 294.5, 6.59, 64, 300),
    "l20": (1912, 608.5, 3.14, 64, 864),
    "l40": (2896, 608.5, 4.76, 64, 864),
    "l40s": (5864, 608.5, 9.64, 64, 864),
    "h100-sxm": (15832, 814, 19.45, 1028, 3350),
    "h100-pcie": (12104, 814, 14.87, 728, 2000),
    "h800-sxm": (15832, 814, 19.45, 528, 3350),
    "h20": (2368, 814, 2.91, 1028, 4000),
    "h200-sxm": (15832, 814, 19.45, 1028, 4800),
    "b200": (36000, 1628, 22.11, 1928, 8000),
    "b300": (56000, 1628, 34.40, 1928, 8000),
    "rtx-4090": (5284.8, 608.5, 8.68, 64, 1008),
    "rtx-4090-d": (4707.2, 608.5, 7.74, 64, 1008),
    "rtx-6000-ada": (5828, 608.5, 9.58, 64, 960),
    "rtx-5090": (6704, 750, 8.94, 128, 1792),
    "mi210": (2899.2, 724, 4.00, 364, 1638),
    "mi250x": (6128, 1448, 4.23, 864, 3277),
    "mi300x": (20919.2, 2400, 8.72, 1024, 5300),
    "mi325x": (20919.2, 2400, 8.72, 1024, 6000),
    "gaudi-2": (6920, None, None, 664, 2450),
    "gaudi-3": (29360, None, None, 1328, 3675),
    "tpu-v4": (4400, 600, 7.33, 632, 1228),
    "tpu-v5e": (3152, 325, 9.70, None, 819),
    "tpu-v5p": (7344, None, None, None, 2765),
    "trainium-2": (10672, None, None, 1408, 2900),
    "biren-br100": (16384, 1074, 15.26, 640, 1640),
    "ascend-910b": (6400, 665, 9.62, 456, 1600),
    "ascend-910c": (12800, 1330, 9.62, 912, 3200),
}
COLUMNS = ("TPP", "die, mm2", "density", "I/O, GB/s", "memory, GB/s")

U, N, PA, CC, PD, X = (
    "unrestricted", "notification", "licence-approval", "licence-case-by-case", "licence-denial", "prohibited",
)  # fmt: skip

# China on 2022-10-21, 2023-11-17, 2025-04-09, 2025-08-01, 2026-01-15; Saudi Arabia and the UAE on 2023-11-17;
# the UAE and Saudi Arabia on 2026-07-10.
CHINA_DATES = ("2022-10-21", "2023-11-17", "2025-04-09", "2025-08-01", "2026-01-15")
CLASSES = {
    "v100-sxm2-32": ("", (U, U, U, U, U), U, U),
    "a10": ("", (U, U, U, U, U), U, U),
    "a40": ("3A090.b.2", (U, N, N, N, N), U, U),
    "a800-sxm-80": ("3A090.a.1", (U, PD, PD, PD, CC), PA, PA),
    "l4": ("3A090.a.2", (U, PD, PD, PD, CC), PA, PA),
    "l40": ("3A090.b.1", (U, N, N, N, N), U, U),
    "h100-sxm": ("3A090.a.1", (PD, PD, PD, PD, CC), PA, PA),
    "h800-sxm": ("3A090.a.1", (U, PD, PD, PD, CC), PA, PA),
    "h200-sxm": ("3A090.a.1", (PD, PD, PD, PD, CC), PA, PA),
    "b300": ("3A090.a.1", (PD, PD, PD, PD, PD), PA, PA),
    "rtx-4090": ("3A090.a.1", (U, N, N, N, N), U, U),
    "rtx-6000-ada": ("3A090.a.1", (U, N, N, N, N), U, U),
    "mi210": ("3A090.b.1", (U, N, PD, CC, CC), U, U),
    "mi300x": ("3A090.a.1", (PD, PD, PD, PD, CC), PA, PA),
    "mi325x": ("3A090.a.1", (PD, PD, PD, PD, CC), PA, PA),
    "gaudi-3": ("3A090.a.1", (PD, PD, PD, PD, PD), PA, PA),
    "tpu-v5e": ("3A090.a.2", (U, PD, PD, PD, CC), PA, PA),
    "trainium-2": ("3A090.a.1", (PD, PD, PD, PD, CC), PA, PA),
}
FREE_PLACES = ("SG", "IN", "DE", "CH", "MY")

# Accelerators per cap: LPP, country allocation, National VEU at the ends of 2025 Q1, 2026 Q4 and 2027.
UNITS = {
    "a100-sxm-80": (5388, 158253, 126802, 855919, 1014423),
    "l40s": (4587, 134720, 107946, 728640, 863574),
    "h100-sxm": (1699, 49898, 39982, 269880, 319858),
    "h200-sxm": (1699, 49898, 39982, 269880, 319858),
    "mi300x": (1285, 37764, 30259, 204250, 242074),
    "gaudi-3": (916, 26907, 21559, 145529, 172479),
    "tpu-v5p": (3662, 107570, 86192, 581801, 689542),
    "trainium-2": (2520, 74025, 59314, 400370, 474512),
    "b200": (747, 21944, 17583, 118687, 140666),
    "b300": (480, 14107, 11303, 76299, 90428),
}
