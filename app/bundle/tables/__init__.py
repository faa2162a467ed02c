"""Read data files as tables: CSV, Parquet, archives and the long format."""
