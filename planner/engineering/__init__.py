"""Closed-form engineering: pure functions that know no solver."""
