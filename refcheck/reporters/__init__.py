"""Reports as text: each reporter is one function, ``render(report) -> str``."""
