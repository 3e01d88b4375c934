"""`python -m mediacore`: what the engine can do, from a shell."""

import sys

from mediacore.tool.command_line import main

if __name__ == "__main__":
    sys.exit(main())
