"""All words on screen, a file a page; `dashboard.texts` puts them together."""
