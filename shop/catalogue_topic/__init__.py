"""The topic `catalogue`: each product as it is now, for whoever wants the goods without asking the shop."""
