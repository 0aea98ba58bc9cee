"""From published runs to metatune's hyperparameters.

`table.RULES` is the one table of what corresponds to what; `translate.map_run` applies it.
"""
