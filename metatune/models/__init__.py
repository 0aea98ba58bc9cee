"""Models: everything that a model file may hold, and the file itself."""
