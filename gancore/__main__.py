"""`python -m gancore` is the command line."""

from gancore.cli import main

main()
