"""Speed, measured as ratios within one run, because absolute times drift with the machine."""
