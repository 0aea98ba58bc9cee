"""Files: whole or not at all, locks between processes, scratch folders."""
