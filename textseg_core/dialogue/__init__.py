"""Asks which of several objects is meant, and understands the answer."""

from textseg_core.dialogue.candidates import Candidate
from textseg_core.dialogue.command_dialogue import CommandDialogue, CommandTurn
from textseg_core.dialogue.dialogue import Dialogue
from textseg_core.dialogue.turn import Reply, ReplyKind, Turn

__all__ = ["Candidate", "CommandDialogue", "CommandTurn", "Dialogue", "Reply", "ReplyKind", "Turn"]
