"""What runs say about their parameters: tests of two groups, correlation, importance. Each answer names its method."""
