"""What the parts of a PBX tell, ask and show each other: signals, commands, state."""
