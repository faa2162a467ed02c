"""HTTP: routes that delegate, the problem details, the documents."""
