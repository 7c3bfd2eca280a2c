"""What networks cost: counted, measured or cited."""
