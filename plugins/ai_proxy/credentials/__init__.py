"""Chooses tokens, signs requests, and masks credentials in answers, headers, errors and logs."""
