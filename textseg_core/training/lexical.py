"""Word vectors from an ImageNet classifier: what a noun looks like, before any training.

Row `c` of the classifier is the direction in feature space in which class `c` lies. A
noun gets the mean direction of the classes that it names, so nouns that no training
picture shows start from what the backbone already knows.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textseg_core.arrays import Float32Array

# Ranges of ImageNet class indices (inclusive), sorted by kind in the label list.
_RANGES: dict[str, tuple[tuple[int, int], ...]] = {
    "fish": ((0, 6),),
    "bird": ((7, 24), (80, 100), (127, 146)),
    "lizard": ((38, 48),),
    "snake": ((52, 68),),
    "spider": ((72, 77),),
    "dog": ((151, 268),),
    "puppy": ((151, 268),),
    "cat": ((281, 285),),
    "kitty": ((281, 285),),
    "bear": ((294, 297),),
    "insect": ((300, 326),),
    "monkey": ((369, 382),),
    "animal": ((0, 397),),
}

# Nouns whose looks are those of other labels.
_ALIKE: dict[str, tuple[str, ...]] = {
    "person": ("ballplayer", "groom", "scuba diver"),
    "bicycle": ("mountain bike", "bicycle-built-for-two"),
    "bike": ("mountain bike", "bicycle-built-for-two"),
    "motorcycle": ("moped", "motor scooter"),
    "motorbike": ("moped", "motor scooter"),
    "car": ("convertible", "sports car", "beach wagon", "minivan", "cab", "limousine", "jeep"),
    "automobile": ("convertible", "sports car", "beach wagon", "minivan", "cab"),
    "airplane": ("airliner", "warplane", "wing"),
    "plane": ("airliner", "warplane"),
    "bus": ("minibus", "school bus", "trolleybus"),
    "train": ("bullet train", "electric locomotive", "passenger car", "steam locomotive"),
    "truck": ("pickup", "garbage truck", "moving van", "trailer truck", "tow truck"),
    "boat": ("speedboat", "lifeboat", "canoe", "gondola", "fireboat", "catamaran", "yawl"),
    "bottle": ("beer bottle", "wine bottle", "pop bottle", "water bottle", "pill bottle"),
    "ketchup bottle": ("pop bottle", "beer bottle"),
    "mustard bottle": ("pop bottle", "lotion"),
    "detergent bottle": ("lotion", "water jug"),
    "jar": ("water jug", "whiskey jug", "beaker", "vase"),
    "jug": ("water jug", "whiskey jug", "pitcher"),
    "wine glass": ("goblet", "red wine"),
    "glass": ("beer glass", "goblet"),
    "mug": ("coffee mug",),
    "cup": ("cup", "coffee mug", "espresso"),
    "coffee": ("espresso", "coffee mug"),
    "bowl": ("mixing bowl", "soup bowl"),
    "dish": ("plate", "soup bowl", "Petri dish"),
    "knife": ("letter opener", "cleaver"),
    "spoon": ("wooden spoon", "ladle"),
    "fork": ("wooden spoon", "spatula"),
    "pan": ("frying pan", "wok"),
    "pot": ("caldron", "Dutch oven", "coffeepot", "teapot", "Crock Pot"),
    "saucepan": ("caldron", "Dutch oven", "frying pan"),
    "moka pot": ("coffeepot", "espresso maker"),
    "can": ("pop bottle", "milk can"),
    "box": ("carton", "crate", "packet"),
    "cereal box": ("carton", "packet"),
    "carton": ("carton",),
    "apple": ("Granny Smith", "pomegranate"),
    "fruit": ("Granny Smith", "orange", "lemon", "banana", "strawberry", "pineapple", "fig"),
    "vegetable": ("broccoli", "cauliflower", "cucumber", "bell pepper", "zucchini"),
    "flower": ("daisy", "yellow lady's slipper"),
    "bread": ("French loaf", "bagel"),
    "loaf": ("French loaf",),
    "donut": ("bagel",),
    "cake": ("trifle", "bakery"),
    "sandwich": ("cheeseburger", "burrito"),
    "food": ("pizza", "cheeseburger", "plate", "guacamole", "burrito", "French loaf"),
    "table": ("dining table", "desk", "pool table"),
    "chair": ("folding chair", "rocking chair", "barber chair", "throne"),
    "couch": ("studio couch",),
    "sofa": ("studio couch",),
    "bed": ("four-poster", "studio couch", "quilt"),
    "bench": ("park bench",),
    "book": ("comic book", "book jacket", "binder"),
    "tv": ("television", "screen", "monitor", "home theater"),
    "computer": ("desktop computer", "laptop", "notebook"),
    "keyboard": ("computer keyboard", "typewriter keyboard"),
    "phone": ("cellular telephone", "dial telephone", "hand-held computer"),
    "cell phone": ("cellular telephone", "hand-held computer", "iPod"),
    "camera": ("reflex camera", "Polaroid camera"),
    "clock": ("analog clock", "digital clock", "wall clock"),
    "watch": ("digital watch", "stopwatch"),
    "ball": ("soccer ball", "tennis ball", "croquet ball", "golf ball", "basketball"),
    "sports ball": ("soccer ball", "tennis ball", "volleyball", "baseball"),
    "bag": ("mailbag", "purse", "plastic bag", "backpack"),
    "handbag": ("purse", "mailbag"),
    "suitcase": ("chest", "mailbag"),
    "hat": ("cowboy hat", "sombrero", "bonnet"),
    "helmet": ("crash helmet", "football helmet"),
    "boot": ("cowboy boot",),
    "shoe": ("running shoe", "Loafer", "clog", "sandal"),
    "potted plant": ("pot", "vase"),
    "refrigerator": ("refrigerator",),
    "oven": ("stove", "microwave", "rotisserie"),
    "sink": ("washbasin",),
    "toilet": ("toilet seat",),
    "drill": ("power drill",),
    "hammer": ("hammer", "hatchet"),
    "scissors": ("letter opener", "can opener"),
    "notebook": ("binder", "envelope"),
    "cutting board": ("tray", "cleaver"),
    "tray": ("tray",),
    "basket": ("shopping basket", "hamper"),
    "rocket": ("missile", "projectile", "space shuttle"),
    "horse": ("sorrel", "horse cart"),
    "cow": ("ox",),
    "sheep": ("ram",),
    "elephant": ("Indian elephant", "African elephant"),
    "tower": ("water tower", "beacon", "bell cote"),
    "temple": ("monastery", "palace", "stupa", "mosque"),
    "building": ("palace", "church", "monastery", "castle", "library"),
    "church": ("church", "monastery"),
    "mountain": ("alp", "volcano", "valley"),
    "bucket": ("bucket",),
    "lamp": ("table lamp", "lampshade"),
    "pen": ("ballpoint", "fountain pen"),
    "remote": ("remote control",),
    "mouse": ("mouse",),
    "guitar": ("acoustic guitar", "electric guitar"),
    "tomato": ("strawberry", "pomegranate"),
    "lime": ("lemon",),
    "teddy bear": ("teddy",),
    "hair drier": ("hand blower",),
    "traffic light": ("traffic light",),
    "umbrella": ("umbrella",),
    "surfboard": ("paddle",),
    "skis": ("ski",),
    "tennis racket": ("racket",),
    "baseball bat": ("baseball",),
    "vehicle": ("convertible", "minivan", "pickup", "moped", "minibus", "trailer truck"),
    "furniture": ("folding chair", "studio couch", "dining table", "desk"),
    "cutlery": ("wooden spoon", "spatula", "letter opener"),
    "utensil": ("wooden spoon", "spatula", "ladle"),
    "tool": ("hammer", "screwdriver", "power drill", "hatchet"),
    "container": ("water bottle", "carton", "mixing bowl", "coffee mug", "crate"),
}


def read_labels(path: Path) -> list[list[str]]:
    """Return the names of each of the 1000 classes; raise ValueError if there are not 1000."""
    labels = [
        [name.strip() for name in line.split(",")]
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    if len(labels) != 1000:
        raise ValueError(f"{path}: expected 1000 lines of ImageNet labels, got {len(labels)}")
    return labels


def label_nouns(labels: Sequence[Sequence[str]]) -> list[str]:
    """Return the everyday nouns that name labels: at most two words, no Latin species."""
    nouns: dict[str, None] = {}
    for names in labels:
        for position, name in enumerate(names):
            # "Felis catus": a capital and then a small word, behind an everyday name.
            latin = position > 0 and re.fullmatch(r"[A-Z][a-z]+ [a-z]+.*", name)
            if latin or len(name) < 3 or not re.fullmatch(r"[A-Za-z][A-Za-z' -]*", name):
                continue
            if len(name.split()) <= 2:
                nouns.setdefault(name.lower().replace("-", " "))
    for name in (*_RANGES, *_ALIKE):
        if name not in nouns and classes_of(name, labels):
            nouns.setdefault(name)
    return list(nouns)


def classes_of(noun: str, labels: Sequence[Sequence[str]]) -> list[int]:
    """Return the ImageNet classes that a noun names; empty if there are none."""
    found: set[int] = set()
    for first, last in _RANGES.get(noun, ()):
        found.update(range(first, last + 1))
    alike = {name.lower() for name in _ALIKE.get(noun, ())}
    for index, names in enumerate(labels):
        lowered = [name.lower().replace("-", " ") for name in names]
        if noun in _ALIKE:
            if any(name.lower() in alike for name in names):
                found.add(index)
        elif noun in lowered and noun not in _RANGES:
            found.add(index)
    return sorted(found)


def lexical_vectors(
    words: Sequence[str],
    labels: Sequence[Sequence[str]],
    classifier: Float32Array,
    width: int,
) -> tuple[Float32Array, Float32Array]:
    """Return word vectors and the projection that brings features into their space.

    The classifier (1000, F), centred over the classes, is factorised by a singular
    value decomposition; the `width` strongest directions are kept (Eckart-Young).

    Args:
        words: Vocabulary, one vector each.
        labels: Names of the 1000 classes.
        classifier: Weights, (1000, F).
        width: Length D of the vectors.

    Returns:
        Vectors (V, D), zero where a word names no class, else of length 1; and the
        projection (D, F).
    """
    centred = classifier - classifier.mean(axis=0, keepdims=True)
    left, strength, right = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    scale = np.sqrt(strength[:width])
    of_class = left[:, :width] * scale
    projection = right[:width] * scale[:, None]
    vectors = np.zeros((len(words), width))
    for row, word in enumerate(words):
        classes = classes_of(word, labels)
        if classes:
            mean = of_class[classes].mean(axis=0)
            vectors[row] = mean / np.linalg.norm(mean)
    return vectors.astype(np.float32), projection.astype(np.float32)
