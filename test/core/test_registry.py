import pytest

from textseg_core.models import registry
from textseg_core.models.hu2016 import Hu2016Network

SETTINGS = {
    "vocabulary_size": 5,
    "input_px": 64,
    "backbone": "mobilenet_v2",
    "visual_channels": 320,
    "embedding_channels": 4,
    "expression_channels": 4,
    "hidden_channels": 4,
}


def test_build_returns_the_named_network_with_its_settings() -> None:
    network = registry.build("hu2016", stage="low", **SETTINGS)

    assert isinstance(network, Hu2016Network)
    assert (network.name, network.input_px, network.stride) == ("hu2016", 64, 32)


@pytest.mark.parametrize("name", sorted(registry.ENTRIES))
def test_every_name_leads_to_a_network_of_that_name(name: str) -> None:
    assert registry.entry(name).network_class().name == name


def test_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"unknown network 'hu2017'; choose one of .*hu2016"):
        registry.build("hu2017", vocabulary_size=5)


def test_unknown_setting_is_refused_with_the_settings_there_are() -> None:
    with pytest.raises(ValueError, match=r"'colour'.*its settings are vocabulary_size, input_px"):
        registry.build("hu2016", colour="red", **SETTINGS)


def test_missing_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="vocabulary_size"):
        registry.build("hu2016")


def test_hu2016_reads_left_padded_expressions_cut_as_its_release_does() -> None:
    known = registry.entry("hu2016")

    assert (known.tokenizer, known.padding) == ("hu2016", "left")
