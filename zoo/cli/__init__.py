"""One module per command: its docstring is the help, `configure` adds options, `run` returns the exit status."""
