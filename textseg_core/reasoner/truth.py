"""Proposes the true masks of a scene, so that the reasoning alone is measured."""

from collections.abc import Sequence

from textseg_core.arrays import UInt8Array
from textseg_core.reasoner.propose import Instance, NounPhrase
from textseg_core.reasoner.words import (
    COLORS,
    MATERIALS,
)
from textseg_core.scenes.scene import Scene, SceneObject

#: How well a colour fits a thing that has it among others.
LESSER_COLOR = 0.4


class TrueMasks:
    """Knows names, colours and materials of everything in a scene; nothing of places.

    Args:
        scene: The scene of the image that it will be asked about.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def propose(
        self, image: UInt8Array, phrases: Sequence[NounPhrase]
    ) -> list[tuple[Instance, ...]]:
        """Return the instances of each phrase; see `Proposer`."""
        return [self._of(phrase) for phrase in phrases]

    def _of(self, phrase: NounPhrase) -> tuple[Instance, ...]:
        objects = self._scene.objects
        if not phrase.noun:
            return tuple(self._instance(item, phrase, "") for item in objects)
        for name in phrase.names:
            found = tuple(
                self._instance(item, phrase, name) for item in objects if item.answers_to(name)
            )
            if found:
                return found
        return ()

    def _instance(self, item: SceneObject, phrase: NounPhrase, name: str) -> Instance:
        fits = {word: _fit(item, word, name) for word in phrase.attributes}
        return Instance(item.mask, 1.0, fits)


def _fit(item: SceneObject, word: str, name: str) -> float:
    """Return how well an attribute fits a thing; 1 for what is part of its name."""
    if word in name.split()[:-1]:
        return 1.0
    if word in COLORS.values():
        if item.colors[:1] == (word,):
            return 1.0
        return LESSER_COLOR if word in item.colors else 0.0
    return float(item.material in (word, MATERIALS.get(word, word)))
