"""Damage done to a plan, one thing at a time.

``MUTATIONS`` lists (name, concern, damage). ``damage(plan)`` gives a damaged copy of any plan that has the rows it
needs (and whose instance has the limit it breaks) and raises ``NotApplicable`` otherwise. ``CHECK`` names the check
that must fail for it. Limits that only another instance can break (export rules, PUE) are left to the tests.

Hold a damaged plan against its own instance, passed by itself: damage to the instance that a plan holds cannot be seen
otherwise.
"""

from __future__ import annotations

import damage_fabric
import damage_load
import damage_money
import damage_placement
import damage_provenance
from damage import CHECK, MUTATIONS, Damage, Draft, NotApplicable

FILES = (damage_placement, damage_fabric, damage_load, damage_money, damage_provenance)
"""Importing them fills the list."""

__all__ = ["CHECK", "MUTATIONS", "Damage", "Draft", "NotApplicable"]
