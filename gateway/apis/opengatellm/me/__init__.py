"""What callers see and change of themselves."""
