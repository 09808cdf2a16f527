"""Instances: the schema, reading with every fault at once, cross-reference checks, merging with the catalogue."""

from planner.instance.checks import check
from planner.instance.load import instance_data, parse_instance, parse_text, read_instance
from planner.instance.resolve import (
    SiteFacts,
    convert,
    convert_price,
    instance_catalogue,
    order_date,
    site_facts,
)
from planner.instance.schema import Instance
from planner.instance.values import Money

__all__ = [
    "Instance",
    "Money",
    "SiteFacts",
    "check",
    "convert",
    "convert_price",
    "instance_catalogue",
    "instance_data",
    "order_date",
    "parse_instance",
    "parse_text",
    "read_instance",
    "site_facts",
]
