"""Reports as one file of HTML: readable in any browser, without a network, on a narrow window."""
