"""What a network is: how it is built, where its weights come from, what it wants to see, where it runs."""
