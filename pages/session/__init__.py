"""What one visitor has: pictures, networks, the address."""
