"""The project: settings, addresses, processes. It imports every app and none imports it."""
