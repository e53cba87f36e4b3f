"""What a server that many use at once shares out among their sessions."""
