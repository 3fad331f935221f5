"""DashScope's own protocol, which Qwen speaks."""
