"""The paper's comparison as one command: a benchmark of systems, trained and judged alike."""
