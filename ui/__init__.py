"""The app: the only code that uses Gradio, which is imported here, with its environment variables set first."""

from ui.serving.environment import prepare, without_proxies

prepare()
with without_proxies():  # Gradio opens a client, which may want a package for the proxy that is not there
    import gradio  # noqa: F401
