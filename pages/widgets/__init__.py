"""Building blocks of pages: charts with table and downloads, pickers, progress."""
