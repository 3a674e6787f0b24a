"""The basket: what a customer means to buy."""
