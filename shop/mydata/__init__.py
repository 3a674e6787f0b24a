"""Your data: what the shop holds about who asks, why it suggests what it does, and everything of it to take along."""
