"""iFLYTEK Spark."""
