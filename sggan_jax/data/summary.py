"""What was prepared, told on a console."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from sggan_jax.data.needs import describe_folders
from sggan_jax.data.prepare import PreparedInfo

_SHOWN = 20


def report(info: PreparedInfo, console: Console) -> None:
    """Print splits, class shares and refused pairs."""
    table = Table(title=f"{info.spec.builder} at {info.height}x{info.width}", title_justify="left")
    table.add_column("class")
    for split, count in info.counts.items():
        table.add_column(f"{split} ({count})", justify="right")
    shares = {split: info.shares(split) for split in info.counts}
    names = dict.fromkeys(name for split in shares.values() for name in split)
    for name in names:
        table.add_row(name, *(_percent(split.get(name)) for split in shares.values()))
    console.print(table)
    if not info.labelled:
        found = describe_folders(Path(info.spec.path)) if info.spec.builder == "folder" else ""
        told = f" {found}." if found else ""
        console.print(f"The source has no labels/: every pixel has class id 0.{told}")
    if info.refused:
        console.print(f"Refused {len(info.refused)}:")
        for name, reason in info.refused[:_SHOWN]:
            console.print(f"  {name}: {reason}", highlight=False, markup=False, soft_wrap=True)
    if len(info.refused) > _SHOWN:
        console.print(f"  and {len(info.refused) - _SHOWN} more, which the report lists.")
    if info.path is None:
        console.print("Checked; nothing was written.")
        return
    console.print("Already prepared in" if info.reused else "Prepared in", end=" ")
    console.print(str(info.path), highlight=False, markup=False, soft_wrap=True)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"
