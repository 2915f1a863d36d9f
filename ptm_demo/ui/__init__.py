"""The page: Gradio tabs over `ptm_demo.services`. Nothing outside this folder imports Gradio, except `app.py`."""
