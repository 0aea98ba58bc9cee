"""Parts of what scripts/report_metadata.py says."""
