"""What the cluster's own objects say, judged without asking anybody. Pure."""
