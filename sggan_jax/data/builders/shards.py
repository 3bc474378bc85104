"""Examples written to ArrayRecord shards as they are made, in order, one shard after the other.

tensorflow-datasets would keep a split in memory to shuffle it, and write more than 1000 MiB through
TensorFlow. Here memory does not grow, and a shard once written is not written again.
"""

import contextlib
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import tensorflow_datasets as tfds
from array_record.python.array_record_module import ArrayRecordReader, ArrayRecordWriter

from sggan_jax.data.builders.chunks import Chunk, beside, chunk_path
from sggan_jax.data.survey import Survey

SHARD_BYTES = 512 << 20
"""A shard that holds so much is closed: open files stay few, and little is stored twice."""

TEMPLATE = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_INDEX}"
"""Names of shards, without their number, which is known only at the end."""

# Random access needs groups of one record; PNG does not shrink further.
_OPTIONS = "group_size:1,uncompressed"


def example_features(height: int, width: int) -> tfds.features.FeaturesDict:
    """Describe an example to tensorflow-datasets."""
    return tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(height, width, 3), encoding_format="png"),
            "label": tfds.features.Image(shape=(height, width, 1), encoding_format="png"),
            "name": tfds.features.Text(),
        }
    )


@dataclass
class Shard:
    """What a shard holds that was written whole.

    Attributes:
        chunks: Number of chunks that went into it.
        names: Name of each example, in order; the last shard may have none, and then has no file.
        num_bytes: Size of all records.
        survey: What the examples show, and which pairs of the chunks were refused.
    """

    chunks: int = 0
    names: list[str] = field(default_factory=list)
    num_bytes: int = 0
    survey: Survey = field(default_factory=Survey)


@dataclass(frozen=True)
class SplitWriter:
    """Writes the shards of one split.

    Attributes:
        dataset: Name of the data set.
        split: Name of the split.
        size: Height and width of all examples.
        data: Directory of whole shards.
        folder: Directory of what is unfinished, the split's chunks among it.
    """

    dataset: str
    split: str
    size: tuple[int, int]
    data: Path
    folder: Path

    def write(
        self, read: Callable[[int], Iterator[Chunk]], note: Callable[[Survey], None]
    ) -> list[Shard]:
        """Write all shards but those that an earlier call finished.

        Args:
            read: Gives the chunks of the split, in order, without so many of the first.
            note: Is told what is in each part of the split, early, and may raise.

        Returns:
            All shards, in order.

        Raises:
            OSError: They cannot be written.
        """
        for folder in (self.folder, self.data):
            folder.mkdir(parents=True, exist_ok=True)
        shards = list(self._finished())
        for shard in shards:
            note(shard.survey)
        done = sum(shard.chunks for shard in shards)
        chunks = _noted(read(done), note)
        for first in chunks:
            shard = self._write_shard(len(shards), itertools.chain([first], chunks))
            for k in range(done, done + shard.chunks):
                chunk_path(self.folder, k).unlink(missing_ok=True)
            done += shard.chunks
            shards.append(shard)
        return shards

    def info(self, shards: Iterable[Shard]) -> tfds.core.SplitInfo:
        """Describe the split to tensorflow-datasets."""
        shards = [shard for shard in shards if shard.names]
        return tfds.core.SplitInfo(
            name=self.split,
            shard_lengths=[len(shard.names) for shard in shards],
            num_bytes=sum(shard.num_bytes for shard in shards),
            filename_template=self._template(),
        )

    def _template(self) -> tfds.core.ShardedFileTemplate:
        return tfds.core.ShardedFileTemplate(
            data_dir=self.data,
            template=TEMPLATE,
            dataset_name=self.dataset,
            split=self.split,
            filetype_suffix="array_record",
        )

    def _path(self, index: int) -> Path:
        return Path(self._template().sharded_filepath(shard_index=index, num_shards=None))

    def _note(self, index: int) -> Path:
        """Return the file which says that a shard is whole, and what it holds."""
        return self.folder / f"shard-{index:05d}.json"

    def _finished(self) -> Iterator[Shard]:
        """Find the shards that are there and whole, up to the first that is not."""
        for index in itertools.count():
            try:
                tree = json.loads(self._note(index).read_text("utf-8"))
                shard = Shard(**{**tree, "survey": Survey.from_json(tree["survey"])})
                if shard.names and _count_records(self._path(index)) != len(shard.names):
                    return
            except (OSError, ValueError, KeyError, TypeError):
                return
            yield shard

    def _write_shard(self, index: int, chunks: Iterator[Chunk]) -> Shard:
        """Write chunks until a shard is full or none is left, then that it is whole."""
        shard, path = Shard(), self._path(index)
        temporary = beside(self.folder / path.name)
        _write_records(temporary, _fill(shard, chunks, example_features(*self.size)))
        if shard.names:
            temporary.replace(path)
        tree = {**vars(shard), "survey": shard.survey.to_json()}
        temporary.write_text(json.dumps(tree), "utf-8")
        temporary.replace(self._note(index))
        return shard


def _noted(chunks: Iterable[Chunk], note: Callable[[Survey], None]) -> Iterator[Chunk]:
    for chunk in chunks:
        note(chunk.survey)
        yield chunk


def _fill(
    shard: Shard, chunks: Iterator[Chunk], features: tfds.features.FeaturesDict
) -> Iterator[bytes]:
    """Yield the records of chunks until a shard is full, and count them in it."""
    for chunk in chunks:
        for name, image, label in chunk.examples:
            coded = {"image": io.BytesIO(image), "label": io.BytesIO(label), "name": name}
            record = features.serialize_example(coded)
            shard.names.append(name)
            shard.num_bytes += len(record)
            yield record
        shard.survey.merge(chunk.survey)
        shard.chunks += 1
        if shard.num_bytes >= SHARD_BYTES:
            return


def _write_records(path: Path, records: Iterable[bytes]) -> None:
    with _os_errors():
        writer = ArrayRecordWriter(str(path), _OPTIONS)
    try:
        for record in records:
            with _os_errors():
                writer.write(record)
    finally:
        with _os_errors():
            writer.close()


def _count_records(path: Path) -> int:
    with _os_errors():
        reader = ArrayRecordReader(str(path))
        count = reader.num_records()
        reader.close()
    return count


@contextlib.contextmanager
def _os_errors() -> Iterator[None]:
    """Raise as OSError what ArrayRecord raises where it cannot read or write a file."""
    try:
        yield
    except RuntimeError as error:
        raise OSError("; ".join(str(error).split("; ")[:2])) from error
