"""Draws the shop's pictures: one SVG for each product and category, from code alone."""
