"""The parts of a comparison: what differs, how parameters relate to a metric, how groups of runs compare."""
