"""What a plan puts on the floor: every device in its rack, every cable from port to port.

A plan says how many there are and of which shape; here they are wired and racked, from plan and catalogue alone.
"""

from planner.inventory.lists import list_texts

__all__ = ["list_texts"]
