"""Report: a run as pictures, a page, and explanations of its model."""
