"""What there still is of one visitor: in the log, in the tables, in the spool; and what of it somebody could read."""
