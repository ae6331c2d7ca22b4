"""Recordings on their way to models that hear, and what these write on its way back."""
