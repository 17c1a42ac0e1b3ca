"""Pages of HTML: their visible text and the elements that it stands in."""
