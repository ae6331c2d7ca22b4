"""What answers elsewhere: one small interface, and one file for each kind of upstream."""
