"""What scripts/report_metadata.py says, in parts."""
