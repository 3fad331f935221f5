"""NVIDIA Triton."""
