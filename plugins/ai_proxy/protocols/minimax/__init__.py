"""MiniMax "ChatCompletion Pro"."""
