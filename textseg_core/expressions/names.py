"""Nouns of the COCO categories: synonyms, plurals and which may be mistaken for which."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "person": ("human", "somebody"),
    "bicycle": ("bike",),
    "motorcycle": ("motorbike",),
    "airplane": ("plane", "aeroplane"),
    "car": ("automobile",),
    "couch": ("sofa",),
    "potted plant": ("plant", "houseplant"),
    "dining table": ("table",),
    "tv": ("television", "screen", "monitor"),
    "laptop": ("notebook computer", "laptop computer"),
    "mouse": ("computer mouse",),
    "remote": ("remote control",),
    "keyboard": ("computer keyboard",),
    "cell phone": ("phone", "mobile phone", "cellphone"),
    "refrigerator": ("fridge",),
    "teddy bear": ("teddy", "stuffed animal"),
    "hair drier": ("hair dryer",),
    "donut": ("doughnut",),
    "hot dog": ("hotdog",),
    "wine glass": ("glass", "goblet"),
    "handbag": ("bag", "purse"),
    "backpack": ("rucksack",),
    "sports ball": ("ball",),
    "frisbee": ("disc",),
    "tennis racket": ("racket",),
    "traffic light": ("stoplight",),
    "fire hydrant": ("hydrant",),
    "tie": ("necktie",),
    "cat": ("kitty",),
    "dog": ("puppy",),
    "cow": ("cattle",),
    "boat": ("ship",),
    "oven": ("stove",),
    "baseball glove": ("glove",),
    "baseball bat": ("bat",),
}

HYPERNYMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
        ("vehicle",),
    ),
    **dict.fromkeys(
        (
            "bird cat dog horse sheep cow elephant bear zebra giraffe".split()  # noqa: SIM905
        ),
        ("animal",),
    ),
    **dict.fromkeys(("banana", "apple", "orange"), ("fruit", "food")),
    **dict.fromkeys(("broccoli", "carrot"), ("vegetable", "food")),
    **dict.fromkeys(("sandwich", "hot dog", "pizza", "donut", "cake"), ("food",)),
    **dict.fromkeys(("fork", "knife", "spoon"), ("cutlery", "utensil")),
    **dict.fromkeys(("chair", "couch", "bed", "dining table", "bench"), ("furniture",)),
}

# Said of a person whose sex and age the annotation does not give. Used only where a
# picture shows one person, and never to claim that somebody is absent.
PERSON_WORDS = ("man", "woman", "guy", "lady", "boy", "girl", "child", "kid")

# Names within one group are not safe negatives for one another.
CONFUSABLE: tuple[frozenset[str], ...] = (
    frozenset({"cup", "wine glass", "bowl", "glass", "mug", "vase", "goblet", "bottle"}),
    frozenset({"couch", "chair", "bench", "bed"}),
    frozenset({"car", "truck", "bus", "train"}),
    frozenset({"handbag", "backpack", "suitcase"}),
    frozenset({"tv", "laptop"}),
    frozenset({"cake", "donut", "bread", "sandwich", "pizza", "hot dog"}),
    frozenset({"apple", "orange", "lemon", "tomato", "lime", "sports ball", "ball"}),
    frozenset({"dining table", "bench", "bed"}),
    frozenset({"potted plant", "vase"}),
    frozenset({"oven", "microwave", "toaster", "refrigerator"}),
    frozenset({"book", "notebook", "box", "cereal box", "cracker box"}),
    frozenset({"can", "tin", "cup", "bottle"}),
    frozenset({"cow", "sheep", "horse", "dog"}),
)

_IRREGULAR = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "knife": "knives",
    "mouse": "mice",
    "sheep": "sheep",
    "scissors": "scissors",
    "skis": "skis",
    "loaf": "loaves",
    "somebody": "people",
    "cutlery": "cutlery",
    "food": "food",
    "fruit": "fruits",
    "furniture": "furniture",
    "broccoli": "broccoli",
    "garlic": "garlic",
    "bread": "bread",
    "cattle": "cattle",
}


def plural(noun: str) -> str:
    """Return the plural of a noun or of the last word of a compound: knife -> knives."""
    head, space, last = noun.rpartition(" ")
    if " of " in noun:
        first, _, rest = noun.partition(" of ")
        return f"{plural(first)} of {rest}"
    if last in _IRREGULAR:
        return head + space + _IRREGULAR[last]
    if last.endswith(("s", "x", "ch", "sh", "to")):
        return noun + "es"
    if last.endswith(("lf", "af")):
        return noun[:-1] + "ves"
    if last.endswith("y") and last[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def confusable(name: str, others: frozenset[str]) -> bool:
    """Tell whether `name` might be said of something called one of `others`."""
    return any(name in group and group & others for group in CONFUSABLE)
