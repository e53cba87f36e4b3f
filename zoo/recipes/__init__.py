"""One file a model: what it is made of, what to expect, and the command that makes it."""
