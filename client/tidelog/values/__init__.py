"""What a user may log: values, points, histograms and tables, checked and encoded."""
