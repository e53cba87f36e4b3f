"""The app: the only code that knows Gradio, which is imported here, in the environment that is right for it."""

from ui.serving.environment import prepare, without_proxies

prepare()
with without_proxies():  # Gradio opens a client, which may want a package for the proxy that is not there
    import gradio  # noqa: F401
