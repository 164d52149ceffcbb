"""The embedded twins of the outside services, file for file beside aws_services. They need no account."""
