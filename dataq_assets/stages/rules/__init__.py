"""The gate's rules. One file is one rule: CATEGORY, SEVERITY and `broken`, which says why or None."""
