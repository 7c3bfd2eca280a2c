"""What happens inside a network, and why it says what it says."""
