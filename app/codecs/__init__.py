"""Turn bytes into rows and predictions into bytes: one module per format. Knows no model."""
