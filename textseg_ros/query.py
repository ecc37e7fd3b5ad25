"""The query as it arrives: text that is refused or becomes a numbered Query."""

import unicodedata
from dataclasses import dataclass

SHOWN_CHARACTERS = 60
"""Most characters of a refused text that a message repeats."""


@dataclass(frozen=True, slots=True)
class Query:
    """One request.

    Attributes:
        id: Counts the queries that were accepted, from 1; one that clears counts too.
        text: As received.
        key: Name of a standing query; "" for the query of the topic, of which there is one.
        priority: Of a standing query, the greater the sooner answered.
    """

    id: int
    text: str
    key: str = ""
    priority: int = 0


def check_query(text: str, max_bytes: int) -> None:
    """Raise ValueError unless a text may be asked for; empty text passes, it clears the query.

    Tabs and line breaks count as white space. U+FFFD is what a decoder leaves in the place of
    bytes that are not UTF-8, so text with it is refused as well: its words are not those sent.

    Args:
        text: As received.
        max_bytes: Most bytes of its UTF-8 form.

    Raises:
        ValueError: If it is too long, holds control characters or was not UTF-8.
    """
    if len(text) > max_bytes:
        raise ValueError(_too_long(f"at least {len(text)}", max_bytes))
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"not valid UTF-8: {shown(text)}; send UTF-8 text") from error
    if size > max_bytes:
        raise ValueError(_too_long(str(size), max_bytes))
    if "\ufffd" in text:
        raise ValueError(f"not valid UTF-8 before it was decoded: {shown(text)}; send UTF-8 text")
    odd = next((c for c in text if unicodedata.category(c) == "Cc" and c not in "\t\r\n"), None)
    if odd is not None:
        raise ValueError(f"holds control character U+{ord(odd):04X}: {shown(text)}; send words")


def _too_long(size: str, max_bytes: int) -> str:
    return f"{size} bytes long; at most {max_bytes} are accepted (parameter max_query_bytes)"


def shown(text: str) -> str:
    """Return text as a message shows it: quoted, escaped, cut off."""
    cut = ascii(text[:SHOWN_CHARACTERS])
    return f"{cut}..." if len(text) > SHOWN_CHARACTERS else cut
