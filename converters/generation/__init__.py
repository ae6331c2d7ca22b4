"""Models that generate text: their own ways through export, compile and verify."""
