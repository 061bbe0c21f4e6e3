"""Streamlit's scripts are no modules: they run only inside its app, and hold no examples."""

collect_ignore_glob = ["app.py", "app_pages/*.py"]
