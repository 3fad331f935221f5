"""The text of a gateway file, as the console shows and edits it.

secrets    placeholders for secret values; first_look finds out quickly that a text has none
source     YAML with the place of each value in the text
masking    a text with placeholders, and back
splicing   a new configuration of a plugin, put into the text where it differs
rendering  values as YAML
difference two texts, line by line
"""
