"""Tasks: a table with a target, a metric and what is known of its rows."""
