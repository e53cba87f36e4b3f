"""Colours, type and style sheet. System fonts only, so that the page requests nothing from other servers."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

UI = Path(__file__).parent
SANS = (
    *("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans"),
    # Hindi and Chinese on Windows, on Apple's systems, and on Android, ChromeOS and Linux: what browsers choose by
    # themselves depends on the language of the system, too.
    *("Nirmala UI", "Kohinoor Devanagari", "Noto Sans Devanagari"),
    *("Microsoft YaHei", "PingFang SC", "Noto Sans SC", "Noto Sans CJK SC", "sans-serif"),
)
# Gradio's sizes in rem instead of pixels: they follow the size of type that a reader, or a projector, asks for.
TYPE = gr.themes.Size(
    name="text_rem", xxs=".5625rem", xs=".625rem", sm=".75rem", md=".875rem", lg="1rem", xl="1.375rem", xxl="1.625rem"
)
MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace")


def read(name: str) -> str:
    """The text of a file below `ui`, such as ``live/live.js``."""
    return (UI / name).read_text(encoding="utf-8")


def theme() -> gr.Theme:
    """Gradio's theme for light and dark mode: neutral colours with one accent."""
    base = gr.themes.Base(
        primary_hue="teal",
        neutral_hue="stone",
        radius_size="md",
        text_size=TYPE,
        font=list(SANS),
        font_mono=list(MONO),
    )
    return base.set(
        body_background_fill="#faf8f4",
        body_background_fill_dark="#16181b",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1f2226",
        block_border_color="#e6e1d8",
        block_border_color_dark="#33373d",
        block_shadow="none",
        block_radius="14px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        color_accent="#0f766e",
        block_label_text_color="#23272e",
        block_label_text_color_dark="#e8e6e1",
        block_title_text_weight="600",
        checkbox_label_background_fill="#f3efe8",
        checkbox_label_background_fill_dark="#272b30",
        checkbox_label_background_fill_hover="#ece7de",
        checkbox_label_background_fill_hover_dark="#343940",
        checkbox_background_color_selected="#0f766e",
        checkbox_background_color_selected_dark="#0f766e",
        checkbox_border_color="#857d70",
        checkbox_border_color_dark="#8f8a82",
        checkbox_border_color_hover="#857d70",
        checkbox_border_color_hover_dark="#8f8a82",
        checkbox_border_color_selected="#0f766e",
        checkbox_border_color_selected_dark="#0f766e",
        body_text_color="#23272e",
        body_text_color_dark="#e8e6e1",
        body_text_color_subdued="#5f6670",
        body_text_color_subdued_dark="#a7adb6",
    )
