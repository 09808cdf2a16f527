"""Instance -> options: what could be bought where, what it would carry, what it would cost.

Engineering turns the instance into typed rows (``tables``): pools, designs with their steps, sizes of loads. Options
that cannot be chosen go here, each with its reason, and steps of networks that another is as good as in everything.
"""

from planner.options.make import make_options
from planner.options.tables import Options, Removed

__all__ = ["Options", "Removed", "make_options"]
