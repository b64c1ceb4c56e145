"""What is asked for again, sent again or said twice when packets are lost. Without I/O."""
