"""OpenAI's Responses API for clients."""
