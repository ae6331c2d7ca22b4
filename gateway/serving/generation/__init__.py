"""What all tasks that generate text share: prompts, streams from Triton, and tokens back to text."""
