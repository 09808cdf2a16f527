"""Instance -> tables of options: what could be bought where, what it would carry, what it would cost.

The one place where units change and where options that cannot or need not be chosen go, each with its reason. The
tables are plain pandas frames; the model reads nothing else.
"""

from planner.options.make import make_options
from planner.options.tables import Item, Options, Removed

__all__ = ["Item", "Options", "Removed", "make_options"]
