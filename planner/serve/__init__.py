"""A local page to ask on (``planner serve``): questions are queued, solved one at a time, and answered as pages."""
