"""State of one visitor: pictures, networks, the address."""
