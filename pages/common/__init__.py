"""What every page shares: the image tray, the resources, and the ways to take results away."""
