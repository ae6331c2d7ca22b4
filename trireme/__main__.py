"""`python -m trireme`: the same as the `trireme` command."""

from trireme.cli import main

main()
