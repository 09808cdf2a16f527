"""From an instance to an answer: one attempt at a plan, why there is none, and what the export rules cost."""
