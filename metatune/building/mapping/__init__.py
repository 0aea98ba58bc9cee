"""Mapping of published runs to metatune's hyperparameters.

`table.RULES` is the table of correspondences; `translate.map_run` applies it.
"""
