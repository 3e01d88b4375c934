"""Who somebody is: tokens, passwords, the limit of tries, sessions."""
