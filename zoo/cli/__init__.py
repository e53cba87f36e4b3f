"""One module per command: its docstring is the help text, `configure` adds options, `run` returns the exit status."""
