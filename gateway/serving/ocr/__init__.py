"""From pixels to lines of text and back to a page: what the graphs of a reading model leave to be done."""
