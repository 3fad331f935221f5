"""Codecs: one module for each protocol that is not OpenAI's, with the functions of `provider.Codec`."""
