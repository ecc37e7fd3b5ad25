"""Things of a scene as tensors: categories, boxes, attributes, padding, mirroring."""

import torch
from drawn import scene, thing

from textseg_core.preprocess import Letterbox
from textseg_core.scenes.scene import Query
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.augment import prepare
from textseg_core.training.samples import NOTHING, collate, encode_sample
from textseg_core.training.things import ThingEncoder, own_words, things_of
from textseg_core.training.vocabulary import build_vocabulary

ENCODER = ThingEncoder(("thing", "mug", "dog"), ("red", "wood"))
TOKENIZER = Tokenizer(build_vocabulary(["mug", "dog"]), 6, "right", "words")
TABLE = scene(
    thing("cup", (20, 40, 60, 100), synonyms=("mug",), colors=("red",), material="wood"),
    thing("hat", (100, 100, 140, 140)),
    thing("dog", (0, 0, 9, 9), countable=False),
)
QUERIES = [
    Query("the red mug", (0,), "colour"),
    Query("the wood hat on the red mug", (1,), "relation"),
    Query("the dog", (), "absent"),
]


def test_things_are_encoded_by_hand() -> None:
    found = ENCODER.encode(TABLE, QUERIES, Letterbox.fit(200, 200, 100), 100)

    assert found["thing_labels"].tolist() == [1, 0]  # a synonym is a category; a hat is none
    assert found["thing_boxes"].tolist() == [[10, 20, 30, 50], [50, 50, 70, 70]]
    # What the scene does not know of the hat, its own expression says up to "on".
    assert found["thing_attributes"].tolist() == [[1, 1], [0, 1]]
    assert found["thing_described"].tolist() == [1, 1]
    assert found["thing_members"].tolist() == [[1, 0], [0, 1], [0, 0]]
    assert found["thing_masks"].shape == (2, 50, 50)
    assert found["thing_masks"][0, 10:25, 5:15].min() == 255
    assert found["thing_masks"][0].sum() == 255 * 150


def test_words_of_another_thing_are_not_its_own() -> None:
    assert own_words("The red mug next to the blue one") == ["the", "red", "mug"]


def test_a_batch_is_padded_with_nothing_and_mirrored_with_its_pictures() -> None:
    alone = scene(TABLE.objects[0])
    samples = [
        encode_sample(
            where, asked, TOKENIZER, size_px=100, stride=4, mirror=mirror, annotator=ENCODER
        )
        for where, asked, mirror in ((TABLE, QUERIES, True), (alone, QUERIES[:1] * 3, False))
    ]

    things = things_of(prepare(collate(samples), None))

    assert things.labels.tolist() == [[1, 0], [1, NOTHING]]
    assert things.there.tolist() == [[1, 1], [1, 0]]
    assert things.boxes[0].tolist() == [[70, 20, 90, 50], [30, 50, 50, 70]]
    assert things.boxes[1].tolist() == [[10, 20, 30, 50], [0, 0, 0, 0]]
    assert things.masks[0, 0, 10:25, 35:45].min() == 1
    assert things.masks[1, 0, 10:25, 5:15].min() == 1
    torch.testing.assert_close(things.members[1], torch.tensor([[1.0, 0]] * 3))
