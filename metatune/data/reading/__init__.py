"""Reading of files: formats, encodings, separators, headers."""
