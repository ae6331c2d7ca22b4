"""Which of a router's providers takes a request, and who steps in when it fails."""
