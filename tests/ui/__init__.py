"""The page as a program sees it: `gradio_client`, and the snippets that the page shows, run as they are shown."""
