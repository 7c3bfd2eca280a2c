"""What pages are made of: charts with table and downloads, pickers, progress."""
