"""The parts of the command `textseg`; nothing here imports more than it is asked for."""
