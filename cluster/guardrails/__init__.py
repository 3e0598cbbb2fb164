"""What every plan must keep to before anybody is asked: the guards, and how they are asked."""
