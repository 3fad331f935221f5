"""`proxywasm check`: read a plugin's sources and report what cannot work inside a component, without running them."""
