"""Pyomo model -> HiGHS -> values. ``highs.py`` is the only file that knows the solver."""

from planner.solver.problem import Problem, Progress, Solution, SolverOptions, load_values, standard_form
from planner.solver.watch import solve_problem

__all__ = ["Problem", "Progress", "Solution", "SolverOptions", "load_values", "solve_problem", "standard_form"]
