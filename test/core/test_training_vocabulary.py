import json
from pathlib import Path

import numpy as np
from drawn import scene, thing

from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.expressions.names import HYPERNYMS, PERSON_WORDS, SYNONYMS
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.vocabulary import (
    COLORS,
    RESERVED,
    build_vocabulary,
    object_nouns,
    photo_nouns,
)


def test_reserved_entries_come_first_and_nothing_twice() -> None:
    words = build_vocabulary(["cup", "wine glass", "cup"], ["fig", "cup"])

    assert tuple(words[:4]) == RESERVED
    assert len(words) == len(set(words))
    assert Tokenizer(words, 8, "right", "words").size == len(words)


def test_nouns_bring_their_plural_and_their_single_words() -> None:
    words = build_vocabulary(["wine glass", "knife"])

    assert {"wine glass", "wine glasses", "wine", "glass", "glasses", "knives"} <= set(words)


def test_nouns_of_labels_alone_come_as_they_are() -> None:
    words = build_vocabulary([], ["quux crossing"])

    assert "quux crossing" in words
    assert "quux" not in words
    assert "quux crossings" not in words


def test_places_relations_sizes_and_colours_are_known() -> None:
    words = set(build_vocabulary([]))

    assert {"left", "between", "third", "biggest", "beneath", "front", *COLORS} <= words


def test_photo_nouns_have_synonyms_hypernyms_and_people() -> None:
    assert photo_nouns(["dog", "couch"]) == [
        *("dog", "puppy", "animal", "couch", "sofa", "furniture"),
        *PERSON_WORDS,
    ]


def test_object_nouns_are_those_of_the_manifest_in_lower_case(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    items = [
        {"category": "Moka Pot", "synonyms": ["coffee maker"], "hypernyms": ["container"]},
        {"category": "cup", "hypernyms": ["container"]},
    ]
    manifest.write_text(json.dumps(items), encoding="utf-8")

    assert object_nouns(manifest) == ["moka pot", "coffee maker", "container", "cup"]


def test_no_expression_of_training_has_a_word_that_the_vocabulary_lacks() -> None:
    names = ["person", "wine glass", "dog", "dining table", "knife", "sheep"]
    tokenizer = Tokenizer(build_vocabulary(photo_nouns(names)), 24, "right", "words")
    unknown: set[str] = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        things = []
        for _ in range(7):
            x, y, w, h = (int(v) for v in rng.integers((0, 0, 12, 12), (150, 150, 50, 50)))
            name = names[int(rng.integers(len(names)))]
            things.append(
                thing(
                    name,
                    (x, y, x + w, y + h),
                    synonyms=SYNONYMS.get(name, ()),
                    hypernyms=HYPERNYMS.get(name, ()),
                    colors=(COLORS[int(rng.integers(len(COLORS)))],),
                    upright_base=True,
                )
            )
        for query in write_expressions(scene(*things, closed=names), 40, rng):
            encoding = tokenizer.encode(query.expression)
            unknown.update((*encoding.unknown_words, *encoding.truncated_words))

    assert unknown == set()


def test_made_things_and_everyday_words_are_known() -> None:
    words = set(build_vocabulary([]))

    assert {"mug", "mugs", "coffee mug", "sky", "standing"} <= words
