"""Study of every tuning method: a race of them all, and what is told of it."""
