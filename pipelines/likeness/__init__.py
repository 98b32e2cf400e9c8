"""Whether two questions that a model finds alike ask the same: what it says, held against what it cannot tell."""
