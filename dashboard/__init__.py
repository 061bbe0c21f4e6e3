"""The dashboard: pages, queries and charts over the store."""
