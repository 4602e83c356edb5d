"""The HTTP face of a running exporter."""
