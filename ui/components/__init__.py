"""Components and helpers that several tabs share."""
