"""`python -P -m assay`: the command where no console script is at hand."""

from assay.cli import main

main()
