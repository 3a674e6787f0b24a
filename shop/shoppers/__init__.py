"""Demo shoppers: a crowd with planted tastes that drives the real site over HTTP, so that the shop is alive."""
