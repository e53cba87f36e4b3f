"""How the app is reached over HTTP: which hosts, pages and requests are accepted, and how much of each."""
