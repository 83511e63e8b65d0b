"""What was promised: the agreement file, its zones, its calendar, its mistakes."""
