"""Floor 2: turns a model source into a verified repository entry, one stage at a time."""
