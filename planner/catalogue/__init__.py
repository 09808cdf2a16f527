"""The catalogue: dated, sourced rows of hardware, cooling, sites and prices, and how to read and change them."""

from planner.catalogue.load import load_catalogue
from planner.catalogue.overrides import CatalogueOverrideError
from planner.catalogue.store import Catalogue, table

__all__ = ["Catalogue", "CatalogueOverrideError", "load_catalogue", "table"]
