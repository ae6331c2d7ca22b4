"""The layout of pages: lines where they stand, put in order and given their structure, as Markdown."""
