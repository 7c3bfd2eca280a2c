"""What runs once for all visitors: routes, log, memory, and results that sessions share."""
