"""The cost of networks: counted, measured or cited."""
