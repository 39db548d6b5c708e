"""One script for each claim; see README.md."""
