"""Changes of the gateway file.

edits     an edit, checked as a reload would check it
writing   the file in its place, if it is still the one that was edited
history   what the file was before
applying  an edit that is written and loaded
"""
