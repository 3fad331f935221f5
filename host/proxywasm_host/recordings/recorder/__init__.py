"""Make exchange files of what a gateway does: `StreamRecording` collects one stream, `RecordingFolder` writes it."""

from .folder import RecordingFolder
from .options import LARGEST, RecordOptions, parse_size
from .stream import StreamRecording

__all__ = ["LARGEST", "RecordOptions", "RecordingFolder", "StreamRecording", "parse_size"]
