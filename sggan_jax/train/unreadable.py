"""Examples that could not be read: told, remembered, and held against a budget."""

from collections.abc import Mapping

from sggan_jax.data.pipeline import Pipeline
from sggan_jax.train.faults import EventLog
from sggan_jax.types import InputError

_SHOWN = 20
_DOMAINS = {"v": "virtual", "r": "real"}


class UnreadableBudget:
    """Watches over a pipeline: ``gaps.check()`` after every batch."""

    def __init__(self, events: EventLog, batches: Pipeline, most: float):
        """Begin with what the event log knows.

        Args:
          events: of the run.
          batches: made without the examples that the event log says cannot be read.
          most: share of a domain's examples that may be missing, in [0, 1].
        """
        self._journal, self._batches, self._most = events, batches, most

    def check(self) -> None:
        """Tell of examples that could not be read since the last time.

        Raises:
          InputError: listing them, if they are more than the budget allows.
        """
        for letter, indices in self._batches.take_unreadable().items():
            source, known = self._batches.sources[letter], self._journal.unreadable
            for index in indices:
                if (name := source.names[index]) not in known.get(letter, {}):
                    why = source.explain(index)
                    self._journal.add("unreadable", domain=letter, name=name, why=why)
                    self._tell(letter, name, why)
            if indices:
                self._refuse(letter, self._journal.unreadable[letter])

    def _tell(self, letter: str, name: str, why: str) -> None:
        self._journal.warn(
            f"example {name} of the {_DOMAINS[letter]} domain cannot be read ({why}); from now on "
            f"another takes its place"
        )

    def _refuse(self, letter: str, unreadable: Mapping[str, str]) -> None:
        number, total = len(unreadable), len(self._batches.sources[letter])
        if number <= self._most * total:
            return
        shown = [f"{name} ({why})" for name, why in list(unreadable.items())[:_SHOWN]]
        more = f"; {number - _SHOWN} more in events.jsonl" if number > _SHOWN else ""
        raise InputError(
            f"{number} of {total} examples of the {_DOMAINS[letter]} domain cannot be read, more "
            f"than data.max_bad_fraction = {self._most} allows: {'; '.join(shown)}{more}. Prepare "
            f"the data set anew, or allow more"
        )
