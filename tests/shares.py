"""Work that several processes share: --share 2/3 is the second of three parts."""

import argparse
import zlib


class Share:
    """The `number`-th of `of` parts. What a piece is called decides whose it is, so that processes which found the pieces in
    different orders, or one more, still share all of them."""

    def __init__(self, number=1, of=1):
        self.number, self.of = number, of

    @classmethod
    def parse(cls, text):
        number, _, of = text.partition("/")
        if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
            raise argparse.ArgumentTypeError(f"{text!r} is no share: 1/3, 2/3 and 3/3 together are everything")
        return cls(int(number), int(of))

    def __str__(self):
        return "" if self.of == 1 else f"share {self.number} of {self.of}: "

    def has(self, *name):
        return zlib.crc32(repr(name).encode()) % self.of == self.number - 1

    def of_count(self, count):
        """How many of `count` pieces that have no names."""
        return len(range(self.number - 1, count, self.of))


ALL = Share()


def add_argument(parser):
    parser.add_argument("--share", type=Share.parse, default=ALL, metavar="K/N", help="the K-th of N parts, for N processes at once")
