"""What the papers claim, computed: `claims` is the table of all, one file for each paper."""
