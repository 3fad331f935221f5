"""What follows from declared keys outside of a component: JSON Schema and documentation. Plugins do not load it."""
