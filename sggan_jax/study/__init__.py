"""The A/B study of section 4.2: people say which of two adapted images looks more realistic."""
