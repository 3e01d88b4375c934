"""What this machine and this configuration give, in words.

`gather` looks and decides nothing; `judge` decides and looks at nothing; `Facts` is what one hands to the other.
"""
