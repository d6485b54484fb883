"""Reading back what the server has: values, series of many runs, tables of runs, files."""
