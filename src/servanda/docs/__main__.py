"""``python -m servanda.docs FOLDER``."""

import sys
from pathlib import Path

from servanda.docs import write

write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
