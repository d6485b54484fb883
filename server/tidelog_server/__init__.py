"""The server of tidelog: keeps what training jobs ship, and shows it."""
