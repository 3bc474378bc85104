"""Read what XLA compiled: the kernels of an optimised program, what each moves and multiplies.

Of ``compiled.as_text()``. A kernel is an instruction that the device is given to run; it moves its
operands and results through the device's memory once. Not counted twice: a buffer updated in place
counts with what is written, one of which a part is read with that part. Arithmetic is that of
convolutions and matrix products, by their definition: a multiplication by a zero that a stride put
between pixels does not count.
"""

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

FREE = {
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "domain"),
    *("opt-barrier", "partition-id", "replica-id", "add-dependency"),
}
MOVES = {*FREE, "copy", "transpose", "reshape"}
SCALAR = {
    *("add", "subtract", "multiply", "remainder", "power", "maximum", "minimum", "negate"),
    *("and", "or", "xor", "not", "shift-left", "shift-right-logical", "compare", "select"),
    *("convert", "bitcast-convert", "slice", "reshape", "broadcast"),
}
CALLS = {"call", "while", "conditional", "async-start"}
SLICES = {"slice", "dynamic-slice"}
REDUCES = {"reduce", "reduce-window", "select-and-scatter"}
KINDS = (
    *("convolution", "product", "reduction", "elementwise", "copy", "between devices", "other"),
    "prefetch",  # a TPU's transfer between its memories while kernels run
)

BITS = {"pred": 8, "token": 0, "opaque": 0}


class Shape(NamedTuple):
    """An array: its bytes, those of them in the device's memory, type of a number, sizes."""

    size: int
    bytes: int
    kind: str
    dims: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One line of a computation: ``name = shapes opcode(given), more``."""

    name: str
    shapes: tuple[Shape, ...]
    opcode: str
    given: str
    more: str

    @property
    def operands(self) -> list[str]:
        """Names of its operands."""
        return re.findall(r"%([\w.\-]+)", self.given)

    @property
    def bytes(self) -> int:
        """Bytes of its results in the device's memory."""
        return sum(shape.bytes for shape in self.shapes)

    def attribute(self, pattern: str) -> str:
        """Find an attribute; empty if there is none."""
        found = re.search(pattern, self.more)
        return found[1] if found else ""


Computations = dict[str, dict[str, Instruction]]


@dataclasses.dataclass(frozen=True)
class Kernel:
    """What the device runs at once.

    Attributes:
      name: of the operation that it comes from, as the program named it.
      kind: one of ``KINDS``.
      bytes: read and written.
      operations: two for every multiplication with its addition.
      numbers: what is multiplied: ``bf16``, ``f32`` as the device does by default, ``f32 highest``.
      times: how often it runs.
      cycles: what the compiler expects it to take; 0 where it does not say.
    """

    name: str
    kind: str
    bytes: int
    operations: int
    numbers: str
    times: int
    cycles: int


def read_kernels(text: str) -> list[Kernel]:
    """List the kernels of a compiled program, in the order of the text."""
    computations, entry = parse(text)
    return list(_kernels(computations, entry, 1))


def parse(text: str) -> tuple[Computations, str]:
    """Split a module's text into computations of instructions by name; name the entry."""
    computations: Computations = {}
    entry, inside = "", None
    for line in text.splitlines():
        header = re.match(r"(ENTRY )?%?([\w.\-]+) \(.*\{$", line)
        if header:
            inside = computations[header[2]] = {}
            entry = header[2] if header[1] else entry
        elif line.startswith("}"):
            inside = None
        elif inside is not None and (instruction := _instruction(line)):
            inside[instruction.name] = instruction
    if not entry:
        raise ValueError("the text has no ENTRY computation")
    return computations, entry


def _instruction(line: str) -> Instruction | None:
    found = re.match(r"\s+(?:ROOT )?%?([\w.\-]+) = ", line)
    if not found:
        return None
    rest = line[found.end() :]
    end = _closing(rest, 0) + 1 if rest.startswith("(") else rest.index(" ")
    shapes, rest = rest[:end], rest[end:].lstrip()
    start = rest.index("(")
    end = _closing(rest, start)
    given, more = rest[start + 1 : end], rest[end + 1 :]
    return Instruction(found[1], tuple(_shapes(shapes)), rest[:start], given, more)


def _closing(text: str, start: int) -> int:
    """Find the bracket that closes the one at ``start``."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if depth == 0:
            return index
    raise ValueError(f"no closing bracket in {text[start : start + 80]!r}")


def _shapes(text: str) -> Iterator[Shape]:
    for kind, sizes, layout in re.findall(r"(\w+)\[([\d,]*)\](\{[^}]*\})?", text):
        dims = tuple(int(n) for n in sizes.split(",") if n)
        digits = re.search(r"\d+", kind)
        bits = BITS.get(kind, int(digits[0]) if digits else 0)
        size = math.prod(_padded(dims, layout)) * bits // 8
        near = re.search(r"S\([1-9]", layout)  # memory other than 0 is within the chip
        yield Shape(size, 0 if near else size, kind, dims)


def _padded(dims: tuple[int, ...], layout: str) -> list[int]:
    """Sizes as they lie in memory, where a TPU fills up tiles such as 8x128 of the last axes."""
    sizes, tile = list(dims), re.search(r":T\(([\d,]+)\)", layout)
    if tile:
        order = [int(n) for n in layout[1 : layout.index(":")].split(",") if n]
        for axis, size in zip(order, reversed(tile[1].split(",")), strict=False):
            sizes[axis] = -(-sizes[axis] // int(size)) * int(size)
    return sizes


def _kernels(computations: Computations, name: str, times: int) -> Iterator[Kernel]:
    inside = computations[name]
    for instruction in inside.values():
        if _is_free(instruction):
            continue
        if instruction.opcode in CALLS:
            often = int(instruction.attribute(r'"known_trip_count":\{"n":"(\d+)"') or 1)
            for called in _called(instruction):
                yield from _kernels(computations, called, times * often)
            continue
        yield _kernel(computations, inside, instruction, times)


def _is_free(one: Instruction) -> bool:
    """Tell names and ends of transfers, and scalars that a TPU's own small unit computes."""
    if one.opcode in FREE or one.opcode.endswith("-done"):
        return True
    if one.opcode == "custom-call":
        return bool(re.search(r'custom_call_target="(ConcatBitcast|Assume)', one.more))
    return one.opcode in SCALAR and not any(shape.dims for shape in one.shapes)


def _called(instruction: Instruction) -> list[str]:
    """Computations that an instruction runs; of a condition's branches one, the last."""
    if instruction.opcode == "conditional":
        branches = instruction.attribute(r"branch_computations=\{([^}]*)\}")
        branches = branches or instruction.attribute(r"true_computation=(%[\w.\-]+)")
        return re.findall(r"%([\w.\-]+)", branches)[-1:]
    return re.findall(r"(?:body|to_apply|calls)=%?([\w.\-]+)", instruction.more)


def _kernel(
    computations: Computations, inside: dict[str, Instruction], one: Instruction, times: int
) -> Kernel:
    fused = computations[one.attribute(r"calls=%?([\w.\-]+)")] if one.opcode == "fusion" else None
    body = list((fused or {one.name: one}).values())
    scope = fused or inside
    products = [x for x in body if _multiplies(x)]
    return Kernel(
        name=one.attribute(r'op_name="([^"]*)"') or one.name,
        kind=_kind(one, body),
        bytes=_moved(inside, one, fused),
        operations=sum(_operations(scope, x) for x in products),
        numbers=max((_numbers(scope, x) for x in products), default=""),
        times=times,
        cycles=int(one.attribute(r'"estimated_cycles":"(\d+)"') or 0),
    )


def _multiplies(x: Instruction) -> bool:
    if x.opcode == "custom-call":
        return bool(re.search(r'custom_call_target="[^"]*(\$conv|gemm|matmul)', x.more))
    return x.opcode in ("convolution", "dot")


def _kind(one: Instruction, body: list[Instruction]) -> str:
    opcodes = {x.opcode for x in body}
    if any(_multiplies(x) and "dim_labels" in x.more for x in body):
        return "convolution"
    if any(_multiplies(x) for x in body):
        return "product"
    if re.match(r"all-|reduce-scatter|collective-|send|recv", one.opcode):
        return "between devices"
    if one.opcode.endswith("-start"):
        return "prefetch"
    if one.opcode == "custom-call":
        return "other"
    if opcodes & REDUCES:
        return "reduction"
    copies = opcodes <= MOVES and opcodes & {"copy", "transpose"}
    return "copy" if copies else "elementwise"


def _moved(
    inside: dict[str, Instruction], one: Instruction, fused: dict[str, Instruction] | None
) -> int:
    """Bytes that a kernel reads and writes."""
    if one.opcode.endswith("-start"):
        if one.opcode == "slice-start":
            part = one.shapes[1]
            return part.size + part.bytes
        return sum(shape.bytes for shape in one.shapes[:2])  # where to and where from
    read = {name: inside[name].bytes for name in one.operands if name in inside}
    if fused is None:
        if one.opcode == "dynamic-update-slice":
            return 2 * inside[one.operands[1]].bytes
        return (one.bytes if one.opcode in SLICES else sum(read.values())) + one.bytes
    written = one.bytes
    parameters = (x for x in fused.values() if x.opcode == "parameter")
    ordered = sorted(parameters, key=lambda x: int(x.given))
    for name, parameter in zip(one.operands, ordered, strict=True):
        users = [x for x in fused.values() if parameter.name in x.operands]
        if users and all(x.opcode in SLICES for x in users):
            read[name] = min(read.get(name, 0), sum(x.bytes for x in users))
        for x in users:
            if x.opcode == "dynamic-update-slice" and x.operands[0] == parameter.name:
                written += fused[x.operands[1]].bytes - min(x.bytes, written)
                read[name] = 0
    return sum(read.values()) + written


def _numbers(scope: dict[str, Instruction], x: Instruction) -> str:
    """Tell what numbers are multiplied: the wider operand's, for a narrower one is widened."""
    kinds = {scope[name].shapes[0].kind for name in x.operands[:2] if name in scope}
    kind = "f32" if "f32" in kinds else min(kinds, default="f32")
    return f"{kind} highest" if kind == "f32" and "precision={highest" in x.more else kind


def _operations(scope: dict[str, Instruction], x: Instruction) -> int:
    """Count two operations for every product of numbers that both stand in their operands."""
    result = x.shapes[0].dims
    left, right = (scope[name].shapes[0].dims for name in x.operands[:2])
    if x.opcode == "dot":
        axes = x.attribute(r"lhs_contracting_dims=\{([\d,]*)\}")
        return 2 * math.prod(result) * math.prod(left[int(n)] for n in axes.split(",") if n)
    labels = x.attribute(r"dim_labels=([\w\->]+)")
    if not labels:  # a product of matrices, by a library
        axes = x.attribute(r'"lhs_contracting_dimensions":\[([^\]]*)\]')
        return 2 * math.prod(result) * math.prod(left[int(n)] for n in re.findall(r"\d+", axes))
    # Every number of the small image meets every number of its filter once.
    small, kernel = {
        "BackwardInput": (left, right),
        "BackwardFilter": (right, result),
    }.get(x.attribute(r"__cudnn\$conv(\w+)"), (result, right))
    features = kernel[labels.partition("_")[2].partition("-")[0].index("o")]
    between = math.prod(int(n) for n in x.attribute(r"lhs_dilate=([\dx]+)").split("x") if n)
    return 2 * math.prod(small) * math.prod(kernel) // features // between
