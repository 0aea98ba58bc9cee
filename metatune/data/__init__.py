"""Reading tables, kinds of columns, the task, splits."""
