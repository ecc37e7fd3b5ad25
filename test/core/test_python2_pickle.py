import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from published import python2_pickle

from textseg_core.datasets.files import Origin
from textseg_core.datasets.python2_pickle import read_plain_pickle

ORIGIN = Origin("Set", "https://example.org/set")


def read(path: Path, data: bytes) -> Any:
    path.write_bytes(data)
    return read_plain_pickle(path, "a list", ORIGIN)


def test_values_of_protocol_2_come_back(tmp_path: Path) -> None:
    value = [{"sent": "the cup", "ids": [1, 2**40], "share": (0.5, -3)}]

    assert read(tmp_path / "a.p", python2_pickle(value)) == value


def test_byte_strings_become_latin_1_text(tmp_path: Path) -> None:
    # Python 2 keeps "café" in latin-1 as the bytes 63 61 66 e9.
    data = b"\x80\x02U\x04caf\xe9."

    assert read(tmp_path / "a.p", data) == "café"


def test_the_text_protocol_is_read_too(tmp_path: Path) -> None:
    # cPickle.dumps([{'sent': 'a cup', 'ref_id': 7L, 'ok': True}]) of Python 2.
    data = b"(lp1\n(dp2\nS'sent'\np3\nS'a cup'\np4\nsS'ref_id'\np5\nL7L\nsS'ok'\np6\nI01\nsa."

    assert read(tmp_path / "a.p", data) == [{"sent": "a cup", "ref_id": 7, "ok": True}]


def test_a_set_of_python_2_is_admitted(tmp_path: Path) -> None:
    data = b"c__builtin__\nset\n((lK\x01aK\x02atR."

    assert read(tmp_path / "a.p", data) == {1, 2}


def test_text_and_long_numbers_of_python_2_are_admitted_by_name(tmp_path: Path) -> None:
    data = b"(c__builtin__\nunicode\n(S'cup'\ntRc__builtin__\nlong\n(S'5'\ntRt."

    assert read(tmp_path / "a.p", data) == ("cup", 5)


class _Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("harm",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_function_is_refused_and_not_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ValueError, match=r"a\.p is not a list .*wants to load \w+\.mkdir, and"):
        read(tmp_path / "a.p", pickle.dumps(_Harm(), protocol))
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "name",
    [
        b"__builtin__\neval",
        b"builtins\nexec",
        b"builtins\ngetattr",
        b"__builtin__\nfile",
        b"copy_reg\n_reconstructor",
        b"numpy.core.multiarray\nscalar",
        b"builtins\nset.__init__",
        b"sets\nset",
    ],
)
def test_other_names_are_refused_whatever_their_module(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(ValueError, match="only plain lists, dicts, text and numbers are read"):
        read(tmp_path / "a.p", b"c" + name + b"\n(S'1'\ntR.")


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x02]", b"no pickle", b"\x80\x02Pid\n.", b"\x80\x09."]
)
def test_a_damaged_file_is_named_with_its_address(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"a\.p is not a list .*https://example\.org/set"):
        read(tmp_path / "a.p", data)


def test_a_missing_file_is_named_with_its_address(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"b\.p is missing: .*get it from https://example"):
        read_plain_pickle(tmp_path / "b.p", "a list", ORIGIN)
