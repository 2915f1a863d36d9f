"""One command a file; each exports `COMMAND` and is found by the registry."""
