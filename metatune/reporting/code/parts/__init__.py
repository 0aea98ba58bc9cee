"""Library of the functions and classes that exported scripts are put together from.

A script gets those that it uses, as they stand here but for their annotations. Constants that
differ between tables are replaced by those of the table.
"""
