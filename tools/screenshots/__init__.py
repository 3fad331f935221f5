"""Pictures of the pages for the documentation: `python -m tools.screenshots`."""
