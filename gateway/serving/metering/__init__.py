"""What a call may use, what it used, and what it costs: limits, budgets, usage."""
