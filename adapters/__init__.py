"""What speaks someone else's library or protocol: the Gymnasium recorder first of all."""
