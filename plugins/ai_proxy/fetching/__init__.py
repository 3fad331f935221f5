"""Fetches texts, access tokens and files that requests need, and checks the addresses of files."""
