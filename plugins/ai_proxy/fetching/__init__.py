"""What a request waits for: texts, access tokens, files; and what may be fetched."""
