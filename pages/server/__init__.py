"""Parts that run once for all visitors: start, log, memory, and results that sessions share."""
