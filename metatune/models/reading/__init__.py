"""Reading of model files: archives, forms of what they may hold, and states before building."""
