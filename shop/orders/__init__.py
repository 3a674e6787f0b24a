"""Orders: from the checkout to the payment, and what became of each."""
