"""Options -> mixed-integer program -> decisions. With ``formulations/`` the only place that knows Pyomo."""
