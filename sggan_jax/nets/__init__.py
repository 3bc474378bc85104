"""Networks as pure functions: generators, discriminators and what they are built from."""
