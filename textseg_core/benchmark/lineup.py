"""Who is measured: the segmenter's cases, and the names of the networks beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textseg_core.benchmark.ours import Case

CLIPSEG_PX = 352
HU_PX = 512
#: 16 has the published CLIPSeg, 32 is what its configuration class gives when nothing is said.
PATCHES = (16, 32)
Runtime = Literal["torch", "ONNX Runtime"]
CameraKind = Literal["raw", "JPEG"]
Peer = Literal["clipseg16", "clipseg32", "hu2016"]
PEERS: tuple[Peer, ...] = ("clipseg16", "clipseg32", "hu2016")
CAMERA_KINDS: tuple[CameraKind, ...] = ("raw", "JPEG")
#: The camera of every comparison.
CAMERA = (640, 480)


def clipseg_name(patch: int, runtime: Runtime) -> str:
    """Return what a CLIPSeg is called in tables."""
    return f"CLIPSeg ViT-B/{patch}, {CLIPSEG_PX} px, {runtime}"


def hu_name(input_px: int = HU_PX) -> str:
    """Return what Hu et al.'s network is called in tables."""
    return f"Hu et al. 2016 VGG-16, {input_px} px, torch"


def network_name(queries: int) -> str:
    """Return what encoder and head alone, on a GPU, are called in tables."""
    return f"encoder + head, {queries} queries"


def whole_name(queries: int) -> str:
    """Return what the way from a host image to masks, by a GPU, is called in tables."""
    return f"host image to masks, {queries} queries"


def source_name(kind: CameraKind, size: tuple[int, int] = CAMERA) -> str:
    """Return what a camera of (width, height) is called in tables."""
    return f"{kind} {size[0]}x{size[1]}"


@dataclass(frozen=True, slots=True)
class Lineup:
    """The segmenter's cases of a run.

    Attributes:
        variant: The settings that are compared with the peers.
        queries: Numbers of expressions a frame, ascending, 1 among them.
        others: Further settings.
        cameras: Further sizes of camera images, (width, height).
        resized: Names of the settings whose network takes another input size.
    """

    variant: str
    queries: tuple[int, ...]
    others: tuple[str, ...] = ()
    cameras: tuple[tuple[int, int], ...] = ()
    resized: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if list(self.queries) != sorted(set(self.queries)) or self.queries[:1] != (1,):
            raise ValueError(f"queries must ascend from 1, got {self.queries}")

    def single(self, kind: CameraKind, *, new_words: bool) -> Case:
        """Return the case of one expression that is compared with the peers."""
        return Case(variant=self.variant, source=source_name(kind), new_words=new_words)

    def series(
        self, variant: str | None = None, *, new_words: bool = False, encode_once: bool = True
    ) -> list[Case]:
        """Return the cases of 1, 2, ... expressions about raw images."""
        return [
            Case(
                variant=variant or self.variant,
                source=source_name("raw"),
                queries=count,
                new_words=new_words,
                encode_once=encode_once,
            )
            for count in self.queries
            if encode_once or count > 1
        ]

    def at_cameras(self) -> list[Case]:
        """Return the cases of one expression about images of other sizes."""
        return [
            Case(variant=self.variant, source=source_name(kind, size))
            for size in self.cameras
            for kind in CAMERA_KINDS
        ]

    def cases(self) -> list[Case]:
        """Return all cases, each once."""
        listed = [
            *(self.single(kind, new_words=new) for kind in CAMERA_KINDS for new in (True, False)),
            *self.series(),
            *self.series(new_words=True),
            *self.series(encode_once=False),
            *(case for other in self.others for case in self.series(other)),
            *self.at_cameras(),
            *(case for name in self.resized for case in self.series(name)),
        ]
        return list(dict.fromkeys(listed))


def peer_names(peers: Sequence[Peer]) -> list[str]:
    """Return the contestants' names of some peers."""
    names = []
    for peer in peers:
        if peer == "hu2016":
            names.append(hu_name())
        else:
            patch = int(peer.removeprefix("clipseg"))
            names += [clipseg_name(patch, "torch"), clipseg_name(patch, "ONNX Runtime")]
    return names
