"""The candidates that are not ours."""
