"""The mixed-integer formulation, one concern per file.

A block takes plain numbers and the variables of other blocks as arguments, adds a named Pyomo Block to the model,
posts its money and loads to the ledger and returns the block. It never reads an instance, solves or prints.
"""
