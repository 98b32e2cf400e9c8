"""What tells the language of a message: its script, its characters, its words, and two small models."""
