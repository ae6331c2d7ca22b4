"""Does nothing, which is enough to find out whether a sandbox can be had."""
