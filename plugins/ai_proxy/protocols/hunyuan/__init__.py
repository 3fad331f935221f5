"""Tencent Hunyuan's own protocol."""
