"""What a person sees or types: the command line, the app, its screens, widgets and renderers."""
