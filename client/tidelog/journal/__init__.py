"""What a run's process keeps on its own disk: records in segments, and the files beside them."""
