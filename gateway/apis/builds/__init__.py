"""`/builds`: how models came to be, with their logs."""
