"""`python -m tidelog`: the command `tidelog`."""

import sys

from tidelog.cli import main

sys.exit(main())
