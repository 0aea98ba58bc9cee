"""Forms of all that a model file of metatune may hold, one module for each kind of step."""
