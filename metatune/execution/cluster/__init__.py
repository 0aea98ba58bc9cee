"""The parts of the Dask executor: what travels, the workers' side, the client's side."""
