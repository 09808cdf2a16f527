"""What a person reads: summaries of plans, options, catalogue rows and comparisons, as text, HTML or plain data.

Numbers come from the plan alone. ``data.py`` gathers them, ``summary.py`` puts them into words and tables,
``terminal.py`` and ``html.py`` draw the tables.
"""
