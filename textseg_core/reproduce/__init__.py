"""What the papers published, and how it compares with what is measured here."""
