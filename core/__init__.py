"""What makes sense without SQLite, without Gymnasium and without a screen: data types, engines, ports, settings, errors."""
