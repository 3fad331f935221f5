"""The pivot, OpenAI's chat as plain JSON: vocabulary, writer, and what all protocols share."""
