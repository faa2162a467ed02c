"""The serving half: loads bundles and answers predictions over HTTP."""
