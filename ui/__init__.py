"""The app: the only code that knows Gradio. One module a tab."""
