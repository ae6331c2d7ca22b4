"""Models that write down speech."""
