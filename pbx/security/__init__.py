"""Who may, and how much: decisions as values; whoever asks acts on them."""
