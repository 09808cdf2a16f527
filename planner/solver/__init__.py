"""Pyomo model -> arrays -> HiGHS -> values. ``highs.py`` is the only file that knows the solver."""

from planner.solver.problem import Form, Problem, Progress, Solution, SolverOptions, relative_gap, standard_form
from planner.solver.watch import Solver

__all__ = ["Form", "Problem", "Progress", "Solution", "Solver", "SolverOptions", "relative_gap", "standard_form"]
