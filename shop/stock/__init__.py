"""What the shop has of each product: counted, reserved by orders, sold."""
