"""Models that are their author's own code; nothing here runs any of it."""
