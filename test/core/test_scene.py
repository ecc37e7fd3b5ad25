import numpy as np
import pytest
from drawn import box_mask, scene, thing

from textseg_core.scenes.scene import Query, SceneObject, target_mask


def test_box_area_and_centre_follow_from_the_mask() -> None:
    mask = np.zeros((20, 30), np.bool_)
    mask[5:9, 10:20] = True
    mask[5, 10] = False  # a corner: the box stays, the area loses a pixel

    item = SceneObject(("cup",), mask)

    assert item.box == (10.0, 5.0, 20.0, 9.0)
    assert item.area == 39
    assert item.center == (15.0, 7.0)


def test_an_object_without_a_pixel_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one visible pixel"):
        SceneObject(("cup",), np.zeros((4, 4), np.bool_))


def test_an_object_answers_to_its_names_and_hypernyms_alone() -> None:
    item = thing("dog", (0, 0, 9, 9), synonyms=("puppy",), hypernyms=("animal",))

    assert [item.answers_to(n) for n in ("dog", "puppy", "animal", "cat", "do")] == [
        *(True, True, True),
        *(False, False),
    ]


def test_target_mask_is_the_union_of_the_targets() -> None:
    drawn = scene(*(thing("cup", (x, 0, x + 10, 10)) for x in (0, 5, 50)))

    mask = target_mask(drawn, Query("the cups", (0, 1), "plural"))

    np.testing.assert_array_equal(mask, box_mask((0, 0, 15, 10)))


def test_target_mask_of_nothing_is_empty_and_changes_no_object() -> None:
    drawn = scene(thing("cup", (0, 0, 10, 10)))

    assert not target_mask(drawn, Query("the dog", (), "absent")).any()
    target_mask(drawn, Query("the cup", (0,), "category"))[:] = True
    assert drawn.objects[0].mask.sum() == 100
