"""The tabs of the page: one module or package each, exporting `TAB`. They share through `Session` and never import each other."""
