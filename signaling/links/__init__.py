"""The control plane's ends of the lines to the media worker and the recorder."""
