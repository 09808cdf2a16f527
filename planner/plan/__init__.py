"""Plans: the tables, the file, and how a plan follows from decisions.

``Plan`` and what reads it start without the option tables; ``planner.plan.compile`` makes plans and is imported by
name.
"""

from planner.plan.formats import FORMAT_VERSION
from planner.plan.plan import ACCOUNTS, BILL_COLUMNS, COLUMNS, COST_COLUMNS, RUNNING_ACCOUNTS, Plan

__all__ = ["ACCOUNTS", "BILL_COLUMNS", "COLUMNS", "COST_COLUMNS", "FORMAT_VERSION", "RUNNING_ACCOUNTS", "Plan"]
