"""Discovery of the resources that the configuration does not declare: queries, plan, run, result, targets."""
