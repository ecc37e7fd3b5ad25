"""Networks in torch: what is trained and exported, never what a robot needs at run time."""
