"""What makes sense without SQLite, Gymnasium or a screen: data types, engines, ports, settings, errors."""
