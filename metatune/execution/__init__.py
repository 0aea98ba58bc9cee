"""Execution of jobs: in worker processes, on a Dask cluster, or in this process."""
