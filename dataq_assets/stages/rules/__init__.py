"""The gate's rules: a file is a rule, with CATEGORY, SEVERITY and `broken`, which says why."""
