"""Floor 4: everything HTTP. It knows no SQL on the path of a request."""
