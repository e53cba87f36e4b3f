"""Resources of a server that are shared among sessions."""
