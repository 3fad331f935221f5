"""Keeping credentials out of everything that leaves the gateway: answers, their headers, errors and logs."""
