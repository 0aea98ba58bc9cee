"""An honest score with an interval for a choice made among many: bias-corrected bootstrap."""
