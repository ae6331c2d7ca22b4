"""What operators and callers can see of a request: its id, its log line, its timings and its metrics."""
