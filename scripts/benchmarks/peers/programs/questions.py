"""What is asked about every text."""

QUERY = "which war men rowed out of home for bread"
"""What passages are ranked by, and what is asked about each context."""

LABELS = ["sea", "war", "work"]
