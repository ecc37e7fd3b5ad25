"""Nouns: synonyms of the COCO categories, plurals, and which are not counted."""

from functools import cache

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

# Not counted, or of one form: no "a bread", no "both scissors".
MASS = frozenset(
    """
    bread broccoli garlic scissors skis food cutlery furniture cattle ketchup mustard detergent
    soap meat chocolate beer soda crisps chips crackers cereal sugar pudding gelatin water wine
    tea tape paper kitchenware tableware crockery pocky tarts soup pliers tongs tweezers sauce
    stationery cookware glassware groceries chopsticks glasses sunglasses butter cheese milk juice
    fish
    """.split()  # noqa: SIM905
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
    "die": "dice",
    "foot": "feet",
    "tooth": "teeth",
    "goose": "geese",
    "meat": "meat",
    "crisps": "crisps",
    "chips": "chips",
    "crackers": "crackers",
    "tarts": "tarts",
    "chopsticks": "chopsticks",
    "pliers": "pliers",
    "tongs": "tongs",
    "tweezers": "tweezers",
    "groceries": "groceries",
    "glasses": "glasses",
    "sunglasses": "sunglasses",
    "fish": "fish",
    "furniture": "furniture",
    "broccoli": "broccoli",
    "garlic": "garlic",
    "bread": "bread",
    "cattle": "cattle",
}


@cache
def plural(noun: str) -> str:
    """Return the plural of a noun or of the last word of a compound: knife -> knives."""
    head, space, last = noun.rpartition(" ")
    for joint in (" of ", " in "):
        first, joined, rest = noun.partition(joint)
        if joined:
            return f"{plural(first)}{joint}{rest}"
    if last in _IRREGULAR:
        return head + space + _IRREGULAR[last]
    if last.endswith(("s", "x", "ch", "sh", "tomato", "potato", "mango")):
        return noun + "es"
    if last.endswith(("lf", "af")):
        return noun[:-1] + "ves"
    if last.endswith("y") and last[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"
