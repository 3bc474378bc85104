"""The paper's comparison as one command: a ladder of systems, trained and judged alike."""
