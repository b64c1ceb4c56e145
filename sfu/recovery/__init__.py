"""What is asked for again, sent again or sent twice when packets are lost. Without I/O."""
