"""The page: one layout a language, every tab the registry finds, and a launch that leaves no door open."""

from __future__ import annotations

import html
import logging

import gradio as gr

from ptm_demo import __version__
from ptm_demo.registry import Registry
from ptm_demo.services import Services
from ptm_demo.settings import Settings
from ptm_demo.ui import api
from ptm_demo.ui.i18n import LANGUAGES, Translator
from ptm_demo.ui.session import Session
from ptm_demo.ui.tab import Tab
from ptm_demo.ui.theme import CSS, HEAD, build_theme

MARK = (
    '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect x="2" y="2" width="28" height="28" rx="8"/>'
    '<path d="M9 22V10h6.5a4 4 0 0 1 0 8H9"/><circle cx="22.5" cy="20.5" r="2.5"/></svg>'
)


def build_app(services: Services) -> gr.Blocks:
    """The whole page over one `Services`: "/" in English, "/zh" in Chinese."""
    tabs: Registry[Tab] = Registry[Tab]("tab").discover("ptm_demo.ui.tabs", "TAB")
    demo = gr.Blocks(title=Translator("en")("app.title"), analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400))
    with demo:
        api.build(services)
        _build_page(demo, services, tabs, "en")
    with demo.route(LANGUAGES["zh"], "/zh", show_in_navbar=False):
        _build_page(demo, services, tabs, "zh")
    return demo


def launch(settings: Settings) -> None:
    """Serve the page until it is stopped. The port opens before any model library is imported."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    services = Services(settings)
    services.start()
    try:
        demo = build_app(services)
        demo.queue(max_size=200, default_concurrency_limit=8)
        demo.launch(**launch_options(settings), prevent_thread_lock=True)
        services.warm()
        demo.block_thread()
    finally:
        services.stop()


def launch_options(settings: Settings) -> dict[str, object]:
    """How the page is served: own look, no monitoring, no run history, no file outside the cache, bounded requests."""
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "theme": build_theme(),
        "css": CSS,
        "head": HEAD,
        "footer_links": ["api"],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "share": False,
        "show_error": False,
        "allowed_paths": [],
        "blocked_paths": [str(settings.home)],
        "max_file_size": settings.max_upload_bytes + 1024,
        "app_kwargs": {"max_body_size": settings.max_upload_bytes + 1024 * 1024, "docs_url": None, "redoc_url": None},
        "quiet": False,
    }


def _build_page(demo: gr.Blocks, services: Services, tabs: Registry[Tab], language: str) -> None:
    t = Translator(language)
    session = Session.build(services.settings)
    gr.Navbar(visible=False)
    gr.HTML(_header(t), elem_id="studio-header", padding=False)
    with gr.Tabs(elem_id="studio-tabs"):
        for tab in tabs:
            with gr.Tab(t(f"{tab.name}.title"), id=tab.name, elem_id=f"tab-{tab.name}"):
                tab.build(services, session, t)
    session.wire(demo)


def _header(t: Translator) -> str:
    other = "en" if t.language == "zh" else "zh"
    return (
        f'<header class="studio">{MARK}<div class="name"><h1>{html.escape(t("app.title"))}</h1>'
        f'<p>{html.escape(t("app.tagline"))}</p></div><nav aria-label="{html.escape(t("app.preferences"))}">'
        f'<button type="button" id="language-switch" lang="{"zh-CN" if other == "zh" else "en"}" '
        f"onclick=\"ptmLanguage('{other}')\">{LANGUAGES[other]}</button>"
        f'<button type="button" id="look-switch" onclick="ptmLook()" aria-label="{html.escape(t("app.look"))}" '
        f'title="{html.escape(t("app.look"))}"><svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="8"/>'
        f'<path d="M12 4a8 8 0 0 1 0 16z"/></svg></button></nav><span class="version" hidden>{__version__}</span></header>'
    )
