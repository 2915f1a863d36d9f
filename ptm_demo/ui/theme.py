"""The studio's own look: a Gradio theme with the system's fonts, so that the page asks no other host for anything."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_HERE = Path(__file__).parent
CSS = (_HERE / "style.css").read_text(encoding="utf-8")
HEAD = (_HERE / "head.html").read_text(encoding="utf-8")

# Ink and paper with one accent. 600 on white and 400 on the dark ground both pass WCAG AA for text.
_ACCENT = gr.themes.Color(
    name="lagoon",
    c50="#eefbfa", c100="#d2f4f1", c200="#a9e8e4", c300="#72d5d1", c400="#3dbab8", c500="#1f9e9d",
    c600="#0f7377", c700="#125f64", c800="#154b50", c900="#163f44", c950="#06262a",
)  # fmt: skip
_INK = gr.themes.Color(
    name="ink",
    c50="#f8f8f6", c100="#f1f1ee", c200="#e3e3df", c300="#cdcec9", c400="#9b9e9c", c500="#6b7072",
    c600="#4e5457", c700="#3a4044", c800="#23292d", c900="#181d20", c950="#101416",
)  # fmt: skip
_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei",
         "Noto Sans CJK SC", "Noto Sans SC", "sans-serif")  # fmt: skip
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace")


def build_theme() -> gr.themes.Base:
    """The theme, light and dark."""
    return gr.themes.Base(
        primary_hue=_ACCENT,
        secondary_hue=_ACCENT,
        neutral_hue=_INK,
        font=_SANS,
        font_mono=_MONO,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_md,
        text_size=gr.themes.sizes.text_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_800",
        body_text_color_dark="*neutral_200",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_border_width="1px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_400",
        block_label_text_weight="500",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_300",
        block_title_text_weight="500",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        block_shadow="none",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        input_background_fill="white",
        input_background_fill_dark="*neutral_950",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_400",
        button_primary_background_fill_hover_dark="*primary_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="*neutral_950",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_border_width="1px",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_500",
        checkbox_border_color_selected="*primary_600",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
        checkbox_label_background_fill_selected="*primary_50",
        checkbox_label_background_fill_selected_dark="*primary_950",
        checkbox_label_text_color_selected="*neutral_800",
        checkbox_label_text_color_selected_dark="*neutral_100",
        table_even_background_fill="white",
        table_even_background_fill_dark="*neutral_900",
        table_odd_background_fill="*neutral_50",
        table_odd_background_fill_dark="*neutral_950",
    )
