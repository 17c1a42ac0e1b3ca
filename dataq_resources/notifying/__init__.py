"""Who hears of a failed run, and how: a channel is one file here and one in $DATAQ_HOME/notify."""
