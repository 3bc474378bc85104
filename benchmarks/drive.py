"""A drive through the toy city as a video, to try launch.adapt on and to measure flicker.

    python -m benchmarks.drive --output drive.mp4 --frames 90
    python -m launch.adapt --run pretrained/toycity --input drive.mp4 --output adapted.mp4

The camera drives along one street, in which all else stands still; needs the extra ``video``.
"""

import argparse
from fractions import Fraction
from pathlib import Path

from sggan_jax.adapt.video_files import import_av
from sggan_jax.files import write_atomically
from sggan_jax.toycity import render


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="video to write, .mp4")
    parser.add_argument("--frames", type=int, default=90)
    parser.add_argument("--rate", type=int, default=30, help="frames per second")
    parser.add_argument("--speed", type=float, default=6.0, help="metres per second")
    parser.add_argument("--seed", type=int, default=0, help="of the street")
    parser.add_argument("--height", type=int, default=128)
    parser.add_argument("--width", type=int, default=256)
    args = parser.parse_args()
    av = import_av()
    with (
        write_atomically(args.output) as part,
        av.open(str(part), "w", format="mp4") as container,
    ):
        stream = container.add_stream("libx264", rate=args.rate, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = args.width, args.height, "yuv420p"
        stream.time_base = Fraction(1, args.rate)
        for number in range(args.frames):
            ahead = number * args.speed / args.rate
            image = render(args.seed, args.height, args.width, ahead=ahead).virtual
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
