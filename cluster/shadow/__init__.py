"""What people did to the objects of a plan that nobody carried out."""
