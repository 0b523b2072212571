"""The tab "4 대화", behind the password: one module per inner tab."""
