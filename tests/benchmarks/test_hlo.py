"""Counting kernels, bytes and arithmetic in the text of compiled programs, by hand."""

import pytest

from benchmarks.hlo import read_kernels

# A program in XLA's notation: a fusion that adds, a strided convolution of cuDNN with its weight
# gradient, a copy, a place of a buffer replaced within it, and a loop of 5 turns.
GPU = """HloModule jit_step, is_scheduled=true

%add (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %sum = f32[] add(%a, %b)
}

%fused_add (p.0: f32[1,8,8,3], p.1: f32[1,8,8,3]) -> f32[1,8,8,3] {
  %p.0 = f32[1,8,8,3]{3,2,1,0} parameter(0)
  %p.1 = f32[1,8,8,3]{3,2,1,0} parameter(1)
  ROOT %add.1 = f32[1,8,8,3]{3,2,1,0} add(%p.0, %p.1)
}

%fused_update (p.2: f32[50,64], p.3: f32[1,64], p.4: s32[]) -> f32[50,64] {
  %p.4 = s32[] parameter(2)
  %p.2 = f32[50,64]{1,0} parameter(0)
  %p.3 = f32[1,64]{1,0} parameter(1)
  %zero = s32[] constant(0)
  ROOT %put = f32[50,64]{1,0} dynamic-update-slice(%p.2, %p.3, %p.4, %zero)
}

%fused_part (p.6: f32[50,64]) -> f32[2,64] {
  %p.6 = f32[50,64]{1,0} parameter(0)
  ROOT %part = f32[2,64]{1,0} slice(%p.6), slice={[0:2], [0:64]}
}

%fused_sum (p.5: f32[1,4,4,16]) -> f32[16] {
  %p.5 = f32[1,4,4,16]{3,2,1,0} parameter(0)
  %none = f32[] constant(0)
  ROOT %reduce.1 = f32[16]{0} reduce(%p.5, %none), dimensions={0,1,2}, to_apply=%add
}

%body (state: (s32[], f32[64])) -> (s32[], f32[64]) {
  %state = (s32[], f32[64]{0}) parameter(0)
  %x.1 = f32[64]{0} get-tuple-element(%state), index=1
  %copy.2 = f32[64]{0} copy(%x.1)
  ROOT %out = (s32[], f32[64]{0}) tuple(%state, %copy.2)
}

%condition (state.1: (s32[], f32[64])) -> pred[] {
  %state.1 = (s32[], f32[64]{0}) parameter(0)
  ROOT %yes = pred[] constant(true)
}

ENTRY %main (x: f32[1,8,8,3], k: f32[16,4,4,3], pool: f32[50,64], item: f32[1,64]) -> f32[16] {
  %x = f32[1,8,8,3]{3,2,1,0} parameter(0), metadata={op_name="x"}
  %k = f32[16,4,4,3]{3,2,1,0} parameter(1)
  %pool = f32[50,64]{1,0} parameter(2)
  %item = f32[1,64]{1,0} parameter(3)
  %where = s32[] constant(7)
  %fusion.1 = f32[1,8,8,3]{3,2,1,0} fusion(%x, %x), kind=kLoop, calls=%fused_add, \
metadata={op_name="jit(step)/UNet/add"}
  %cudnn-conv.1 = (f32[1,4,4,16]{3,2,1,0}, u8[0]{0}) custom-call(%fusion.1, %k), \
window={size=4x4 stride=2x2 pad=1_1x1_1}, dim_labels=b01f_o01i->b01f, \
custom_call_target="__cudnn$convForward", metadata={op_name="jit(step)/UNet/down0/conv"}
  %y = f32[1,4,4,16]{3,2,1,0} get-tuple-element(%cudnn-conv.1), index=0
  %cudnn-conv.2 = (f32[16,4,4,3]{3,2,1,0}, u8[0]{0}) custom-call(%fusion.1, %y), \
window={size=4x4 stride=2x2 pad=1_1x1_1}, dim_labels=b01f_o01i->b01f, \
operand_precision={highest,highest}, custom_call_target="__cudnn$convBackwardFilter"
  %k_bar = f32[16,4,4,3]{3,2,1,0} get-tuple-element(%cudnn-conv.2), index=0
  %copy.1 = f32[16,4,4,3]{0,3,2,1} copy(%k_bar)
  %fusion.2 = f32[50,64]{1,0} fusion(%pool, %item, %where), kind=kLoop, calls=%fused_update
  %fusion.4 = f32[2,64]{1,0} fusion(%pool), kind=kLoop, calls=%fused_part
  %first = f32[64]{0} constant({...})
  %loop = (s32[], f32[64]{0}) while(%first), condition=%condition, body=%body, \
backend_config={"known_trip_count":{"n":"5"}}
  ROOT %fusion.3 = f32[16]{0} fusion(%y), kind=kInput, calls=%fused_sum
}
"""

IMAGE, MAP, KERNEL = 8 * 8 * 3 * 4, 4 * 4 * 16 * 4, 4 * 4 * 3 * 16 * 4

TPU = """HloModule jit_f

%fused (p: f32[258,514,3]) -> f32[258,514,3] {
  %p = f32[258,514,3]{1,0,2:T(8,128)} parameter(0)
  ROOT %c = f32[258,514,3]{2,1,0:T(8,128)} copy(%p)
}

ENTRY %main (x: f32[258,514,3]) -> f32[258,514,3] {
  %x = f32[258,514,3]{1,0,2:T(8,128)} parameter(0)
  %start = (f32[258,514,3]{1,0,2:T(8,128)S(1)}, f32[258,514,3]{1,0,2:T(8,128)}, u32[]{:S(2)}) \
copy-start(%x)
  %done = f32[258,514,3]{1,0,2:T(8,128)S(1)} copy-done(%start)
  %part = ((f32[258,514,3]{1,0,2:T(8,128)}), f32[258,514,1]{1,0,2:T(8,128)S(1)}, s32[]{:S(2)}) \
slice-start(%x), slice={[0:258], [0:514], [0:1]}
  %seed = u32[] constant(3)
  %bits = u32[] xor(%seed, %seed)
  ROOT %f = f32[258,514,3]{2,1,0:T(8,128)} fusion(%done), kind=kLoop, calls=%fused, \
backend_config={"window_config":{"estimated_cycles":"9000"}}
}
"""


@pytest.fixture(scope="module")
def gpu():
    return read_kernels(GPU)


def test_kernels_are_what_runs(gpu):
    kinds = [(kernel.kind, kernel.times) for kernel in gpu]
    assert kinds == [
        ("elementwise", 1),
        ("convolution", 1),
        ("convolution", 1),
        ("copy", 1),
        ("elementwise", 1),
        ("elementwise", 1),
        ("copy", 5),
        ("reduction", 1),
    ]


def test_bytes_are_operands_and_results(gpu):
    assert [kernel.bytes for kernel in gpu] == [
        2 * IMAGE,  # one operand named twice is read once
        IMAGE + KERNEL + MAP,
        IMAGE + MAP + KERNEL,
        2 * KERNEL,
        2 * 64 * 4 + 4,  # the new item, read and written, and its place; not the pool
        2 * 2 * 64 * 4,  # the part
        2 * 64 * 4,
        MAP + 16 * 4,
    ]


def test_every_number_of_the_small_image_meets_its_filter_once(gpu):
    once = 2 * (4 * 4 * 16) * (4 * 4 * 3)
    assert [kernel.operations for kernel in gpu] == [0, once, once, 0, 0, 0, 0, 0]
    assert [kernel.numbers for kernel in gpu][1:3] == ["f32", "f32 highest"]
    assert gpu[1].name == "jit(step)/UNet/down0/conv"


@pytest.mark.parametrize(
    ("line", "operations"),
    [
        # The gradient in the input of a convolution of stride 2, as XLA writes it for TPUs: three
        # of four numbers of the spread image are zeros.
        (
            "f32[1,8,8,3]{3,2,1,0} convolution(%y, %k), window={size=4x4 pad=2_2x2_2 "
            "lhs_dilate=2x2}, dim_labels=b01f_01oi->b01f",
            2 * (8 * 8 * 3) * (4 * 4 * 16) // 4,
        ),
        ("f32[4,3]{1,0} dot(%m, %n), lhs_contracting_dims={1}, rhs_contracting_dims={0}", 2 * 60),
    ],
)
def test_arithmetic_of_plain_operations(line, operations):
    text = (
        "ENTRY %main (y: f32[1,4,4,16]) -> f32[] {\n"
        "  %y = f32[1,4,4,16]{3,2,1,0} parameter(0)\n"
        "  %k = f32[4,4,3,16]{3,2,1,0} parameter(1)\n"
        "  %m = f32[4,5]{1,0} parameter(2)\n"
        "  %n = f32[5,3]{1,0} parameter(3)\n"
        f"  ROOT %z = {line}\n"
        "}\n"
    )
    (kernel,) = read_kernels(text)
    assert kernel.operations == operations


def test_tpus_fill_up_tiles_and_keep_some_of_it_within_the_chip():
    there, part, moved = read_kernels(TPU)  # scalars run beside them
    # The last axes 258 and 514 lie in tiles of 8 x 128: 264 x 640; three planes of them.
    assert there.bytes == 3 * 264 * 640 * 4
    assert (part.kind, part.bytes) == ("prefetch", 264 * 640 * 4)  # the part, not all it is of
    # Back from the chip's own memory with the colours last: each of 514 columns fills 128 lanes.
    assert moved.bytes == 258 * 520 * 128 * 4
    assert (there.kind, moved.kind, moved.cycles) == ("prefetch", "copy", 9000)


def test_a_text_without_a_program_is_refused():
    with pytest.raises(ValueError, match="no ENTRY"):
        read_kernels("HloModule nothing\n")
