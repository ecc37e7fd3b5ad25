"""Which colours and materials one may call by another's name, and whether a thing has one."""

from textseg_core.expressions.relations import MAYBE, NO, YES
from textseg_core.scenes.scene import SceneObject

# Colours that one may call the other.
NEAR_COLORS: dict[str, set[str]] = {
    "orange": {"red", "yellow", "brown"},
    "silver": {"gray", "white"},
    "gray": {"silver", "white", "black"},
    "beige": {"white", "yellow", "brown"},
    "purple": {"pink", "blue"},
    "pink": {"red", "purple"},
    "brown": {"orange", "red", "beige"},
    "yellow": {"orange", "beige"},
    "white": {"beige", "silver", "gray"},
    "red": {"orange", "pink", "brown"},
    "black": {"gray", "blue"},
    "blue": {"purple", "black"},
    "green": set(),
}
# Materials that look alike.
_ALIKE = (
    frozenset({"ceramic", "plastic", "glass", "rubber"}),
    frozenset({"paper", "cardboard"}),
    frozenset({"fabric", "leather"}),
    frozenset({"wood", "wicker", "cardboard"}),
)
UNSPOKEN = frozenset({"", "food"})  # of material: nobody says "the food apple"


def color_verdict(item: SceneObject, color: str) -> int:
    """Return whether a thing is of a colour; in doubt if unknown, a lesser one or a near one."""
    if not item.colors:
        return MAYBE
    if item.colors[0] == color:
        return YES
    near = NEAR_COLORS.get(color, set())
    return MAYBE if any(c == color or c in near for c in item.colors) else NO


def material_verdict(item: SceneObject, material: str) -> int:
    """Return whether a thing is of a material; in doubt if unknown or one that looks alike."""
    if item.material == material:
        return YES
    if not item.material:
        return MAYBE
    return MAYBE if any({material, item.material} <= group for group in _ALIKE) else NO
