"""Reads what a source says about itself: its weights, its tokenizer and its pipeline."""
