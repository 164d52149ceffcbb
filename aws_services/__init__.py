"""Where audio goes and words come from: the live sessions, the spool, and the real outside services."""
