"""The version of the package, alone so that plans can name it without importing the package's front door."""

__version__ = "0.1.0"
