"""Programs: thin entry points over the library."""
