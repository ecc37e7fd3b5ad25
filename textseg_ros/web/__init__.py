"""A page to see what the node sees, to ask it and to answer its questions."""
