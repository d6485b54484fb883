"""Loggers for training frameworks, one framework per module, written over what `tidelog` exports and nothing else."""
