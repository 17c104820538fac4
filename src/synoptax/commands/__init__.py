"""One command a file. Heavy imports live inside the functions, so that `--help` answers at once."""
