"""Tools of the maintainers: what they find out is stored in the package, and is found out again after an update."""
