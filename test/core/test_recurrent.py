"""The LSTM over words from both ends, against torch's own and under padding."""

import torch
from torch import nn

from textseg_core.models.recurrent import TwoWayLstm, WordLstm


def like_torch(mine: WordLstm, theirs: nn.LSTM, suffix: str) -> None:
    """Give torch's LSTM the same weights."""
    named = dict(theirs.named_parameters())
    with torch.no_grad():
        named[f"weight_ih_l0{suffix}"].copy_(mine.from_input.weight)
        named[f"weight_hh_l0{suffix}"].copy_(mine.from_state.weight)
        named[f"bias_ih_l0{suffix}"].copy_(mine.from_input.bias)
        named[f"bias_hh_l0{suffix}"].zero_()


def test_two_ways_are_torch_s_where_nothing_is_padded() -> None:
    torch.manual_seed(0)
    mine, theirs = TwoWayLstm(4, 3), nn.LSTM(4, 3, batch_first=True, bidirectional=True)
    like_torch(mine.forwards, theirs, "")
    like_torch(mine.backwards, theirs, "_reverse")
    words = torch.randn(2, 5, 4)

    states, last = mine(words, torch.ones(2, 5))

    expected, (ends, _) = theirs(words)
    assert torch.allclose(states, expected, atol=1e-6)
    assert torch.allclose(last, torch.cat([ends[0], ends[1]], dim=1), atol=1e-6)


def test_padding_on_either_side_changes_nothing_in_two_ways() -> None:
    torch.manual_seed(0)
    mine, pad = TwoWayLstm(4, 3), torch.full((1, 2, 4), 7.0)
    words, there, gone = torch.randn(1, 3, 4), torch.ones(1, 3), torch.zeros(1, 2)
    states, last = mine(words, there)

    for before, after in ((True, False), (False, True)):
        padded = torch.cat([pad] * before + [words] + [pad] * after, dim=1)
        present = torch.cat([gone] * before + [there] + [gone] * after, dim=1)
        found, ends = mine(padded, present)

        assert torch.allclose(ends, last, atol=1e-6)
        assert torch.allclose(found[present > 0.5], states[0], atol=1e-6)
