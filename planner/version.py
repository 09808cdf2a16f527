"""The version of the package, stated here alone: plans name it, and the build reads it, without importing the rest."""

__version__ = "0.2.0"
