"""What was used: records of calls, and budgets with what is reserved of them."""
