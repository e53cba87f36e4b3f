"""The zip that goes out: every format, programs and a page."""
