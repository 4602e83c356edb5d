"""Side channels: constraints that reveal rows of one tenant to another."""
