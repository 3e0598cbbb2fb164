"""What triaged notes of a cluster, so that it can be gone back to: templates, images, arguments."""
