"""What the generated rules and routes do, in the programs that load them."""
