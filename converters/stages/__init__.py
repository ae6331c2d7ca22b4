"""The stages, one file each: `run` reads the results of earlier ones and writes into its own folder only."""
