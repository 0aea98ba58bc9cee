"""Files: atomic writes, locks between processes, scratch folders."""
