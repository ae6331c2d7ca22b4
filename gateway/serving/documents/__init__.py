"""Documents of strangers: fetched with care, opened in processes of their own, given out page by page."""
