"""The report on paper: the same content as the page, set by typst for print, the same bytes for the same evidence."""

from servanda.report.pdf.press import NOT_INSTALLED, Printed, available, print_report

__all__ = ["NOT_INSTALLED", "Printed", "available", "print_report"]
